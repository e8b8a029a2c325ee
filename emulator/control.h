// SPDX-License-Identifier: Apache-2.0
#pragma once
// The emulator's own paths under /_emulator/, and what they do.

#include <cstddef>
#include <string>
#include <string_view>

#include "emulator/emulator.h"
#include "emulator/message.h"
#include "emulator/state.h"

namespace valetkey::emulator {

[[nodiscard]] bool is_control_path(std::string_view path);
[[nodiscard]] Reply answer_control(State& state, const Request& request);

[[nodiscard]] std::string ledger_text(const State& state);
/// How many live access tokens it hit. Errors: invalid_argument.
[[nodiscard]] Result<std::size_t> expire_chosen(State& state, const TokenChoice& which);
[[nodiscard]] Result<std::size_t> revoke_chosen(State& state, const TokenChoice& which);
[[nodiscard]] Result<void> disable_chosen(State& state, const std::string& id);

}  // namespace valetkey::emulator
