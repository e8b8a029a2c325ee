// SPDX-License-Identifier: Apache-2.0
#pragma once
// Secrets that arrive in environment variables, and leave them.

#include <optional>
#include <string>

#include "valetkey/secret.h"

namespace valetkey::secrets {

/// Takes the variable out of the environment, bytes and all, and remembers it for the next time;
/// nothing when it never was set. A value set since then replaces the remembered one.
///
/// SECURITY: afterwards neither /proc/self/environ nor a child has it. Process-wide.
/// Threads: any; but, as with setenv, nobody else may use the environment meanwhile.
[[nodiscard]] std::optional<Secret> take_variable(const std::string& name);

}  // namespace valetkey::secrets
