// SPDX-License-Identifier: Apache-2.0
#pragma once
// All that the emulator knows. It lives on the server's thread, so nothing in it needs a lock.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crypto/signing_key.h"
#include "emulator/emulated_clock.h"
#include "emulator/faults.h"
#include "emulator/ledger.h"
#include "emulator/seed.h"
#include "emulator/tokens.h"
#include "emulator/world.h"
#include "valetkey/secret.h"

namespace valetkey::emulator {

/// A download address: one use, and not for long.
struct Download {
  std::shared_ptr<const std::string> content{};  ///< shared with the file, which may go first
  std::string name{};
  Instant expires_at{};
};

/// A developer token that was written to a file; a reset does not take it away.
struct ConsoleToken {
  Secret value{};
  Holding holding{};
};

struct State {
  State(Seed seed_in, TokenRules rules_in, std::shared_ptr<const Clock> machine)
      : seed(std::move(seed_in)),
        rules(rules_in),
        clock(std::move(machine)),
        world(make_world(seed, clock.wall())),
        tokens(rules) {}

  // Kept by a reset.
  Seed seed;
  TokenRules rules;
  std::string base_url{};
  Secret client_secret{};
  std::vector<crypto::VerifyKey> public_keys{};  ///< at most one: none before one was made
  std::vector<ConsoleToken> console_tokens{};

  // Made anew by it.
  EmulatedClock clock;
  World world;
  TokenStore tokens;
  Ledger ledger{};
  Faults faults{};
  std::map<std::string, Instant> used_assertions{};  ///< jti → when it may be forgotten
  std::map<std::string, Download> downloads{};
};

/// The account of the app itself.
[[nodiscard]] inline const User& service_account(const State& state) {
  return state.seed.users.front();
}

void reset(State& state);

}  // namespace valetkey::emulator
