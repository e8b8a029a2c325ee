// SPDX-License-Identifier: Apache-2.0
#include "emulator/state.h"

namespace valetkey::emulator {

void reset(State& state) {
  state.clock.reset();
  state.world = make_world(state.seed, state.clock.wall());
  state.tokens = TokenStore(state.rules);
  state.ledger = {};
  state.faults = {};
  state.used_assertions.clear();
  state.downloads.clear();
  for (const auto& token : state.console_tokens) {
    token.value.reveal([&](std::string_view value) {
      state.tokens.restore(value, token.holding, state.clock.now() + std::chrono::hours(1));
    });
  }
}

}  // namespace valetkey::emulator
