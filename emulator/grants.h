// SPDX-License-Identifier: Apache-2.0
#pragma once
// POST /oauth2/token and POST /oauth2/revoke.

#include <optional>
#include <string_view>

#include "emulator/message.h"
#include "emulator/state.h"
#include "emulator/wire.h"

namespace valetkey::emulator {

[[nodiscard]] Reply answer_token(State& state, const Request& request);
[[nodiscard]] Reply answer_revoke(State& state, const Request& request);

/// RFC 8693 as Box speaks it; exchange.cc.
[[nodiscard]] Reply answer_exchange(State& state, const Form& form);

/// A token good for all that its subject may do. Precondition: the user is there.
[[nodiscard]] Holding full_holding(const State& state, bool is_enterprise, std::string_view id);

/// Whether the form names our client and its secret.
[[nodiscard]] bool is_our_client(const State& state, const Form& form);

}  // namespace valetkey::emulator
