// SPDX-License-Identifier: Apache-2.0
#pragma once
// The page on which a person signs in and consents, and the redirect that follows.

#include <string>
#include <string_view>

#include "emulator/emulator.h"
#include "emulator/message.h"
#include "emulator/state.h"

namespace valetkey::emulator {

[[nodiscard]] bool is_authorize_path(std::string_view path);
[[nodiscard]] Reply answer_authorize(State& state, const Request& request);

/// Whether the app registered this address. A loopback address matches whatever its port
/// (RFC 8252 §7.3); scheme, host, path and query must be the same.
[[nodiscard]] bool is_registered_redirect(const State& state, std::string_view uri);

/// The code for what the page would have been told. Errors: invalid_argument.
[[nodiscard]] Result<Secret> make_code(State& state, const SignIn& sign_in);

}  // namespace valetkey::emulator
