// SPDX-License-Identifier: Apache-2.0
#pragma once
// Verifies assertions (RFC 7523 as Box narrows it) and reads the actor tokens of annotators.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/message.h"
#include "emulator/state.h"

namespace valetkey::emulator {

inline constexpr std::size_t assertion_bytes_max = 16 * 1024;
inline constexpr std::size_t jti_bytes_min = 16;
inline constexpr std::size_t jti_bytes_max = 128;
inline constexpr std::chrono::seconds assertion_life_max{60};
/// Box gives "a few seconds"; how many it does not say.
inline constexpr std::chrono::seconds clock_leeway{5};
inline constexpr std::string_view canonical_audience = "https://api.box.com/oauth2/token";

struct AssertionSubject {
  bool is_enterprise = false;
  std::string id{};
};

/// Whose token the assertion asks for; `refusal` says why it gets none. A good assertion is used
/// up: the same `jti` is refused from then on.
[[nodiscard]] std::optional<AssertionSubject> verify_assertion(State& state,
                                                               std::string_view assertion,
                                                               Reply& refusal);

/// Whether this is a JWT whose claims make it an annotator's. Unsigned ones are taken, because
/// Box's own SDK sends them; nothing is granted on their word.
[[nodiscard]] bool is_actor_token(std::string_view token);

/// "user:ID" or "enterprise:ID" as claimed, unverified; "unknown" when it does not say.
[[nodiscard]] std::string claimed_subject(std::string_view assertion);

}  // namespace valetkey::emulator
