// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one way to log. Silent until a program calls valetkey::set_log.

#include <string_view>

#include "valetkey/log.h"

namespace valetkey::base {

[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Threads: any. SECURITY: never pass a secret, a token, a body or a header value.
void log(LogLevel level, std::string_view line);

}  // namespace valetkey::base
