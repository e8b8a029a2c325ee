// SPDX-License-Identifier: Apache-2.0
#pragma once
// The whole cache policy (rules C2-C4, C9, U1) as functions of values and `now`.

#include <chrono>
#include <cstdint>
#include <optional>

#include "valetkey/error.h"
#include "valetkey/token_cache.h"

namespace valetkey::lifecycle {

struct CachePolicy {
  std::chrono::seconds lifetime = std::chrono::minutes(50);  ///< cached, of a token of one hour
  std::chrono::seconds dead_margin{30};              ///< a token with less life left is not served
  std::chrono::seconds forced_refresh_interval{10};  ///< rule U1, per key
  std::chrono::seconds permanent_memory{60};         ///< rule C9
  std::chrono::seconds transient_first{1};
  std::chrono::seconds transient_max{30};
  std::chrono::seconds retry_after_max{3600};
  std::chrono::milliseconds stale_wait{2000};  ///< how long a fetch may keep a caller who
                                               ///< could be served the old token
};

/// When a token is fresh, ahead, stale and dead. `jitter` in [0, 1) moves the start of `ahead`
/// within its tenth, so that a fleet that fetched together does not refresh together.
[[nodiscard]] Lifetime plan_lifetime(Instant sent_at, Instant expires_at, const CachePolicy& policy,
                                     double jitter);

enum class Zone : std::uint8_t { fresh, ahead, stale, dead };
[[nodiscard]] Zone zone_of(const Lifetime& lifetime, Instant now) noexcept;
[[nodiscard]] std::string_view name_of(Zone zone) noexcept;

/// What is known of a key when somebody asks for its token.
struct Situation {
  std::optional<Lifetime> held{};
  bool rejected = false;                   ///< an API refused the held token (rule U1)
  bool is_successor = false;               ///< the last forced refresh brought the held token
  bool refreshing = false;                 ///< a fetch for this key is in the air
  std::optional<Instant> forced_at{};      ///< last refresh that a 401 or min_life forced
  std::optional<Instant> blocked_until{};  ///< a remembered failure stands until then (rule C9)
  std::chrono::seconds min_life{0};        ///< the caller's own demand
};

enum class Action : std::uint8_t {
  serve,
  serve_and_refresh,  ///< serve now; refresh in the background
  refresh_or_serve,   ///< refresh; serve the old one if that fails or takes too long
  refresh,            ///< refresh or fail
  force,              ///< as refresh, and counted against the interval of forced refreshes
  fail,               ///< say the remembered failure again, or that no such life is to be had
};

[[nodiscard]] Action next_action(const Situation& situation, Instant now,
                                 const CachePolicy& policy) noexcept;

/// How long a failure is remembered. `count` is the number of failures in a row, from 1. Not
/// shorter than the server asked for (rule U4), within `retry_after_max`.
[[nodiscard]] std::chrono::nanoseconds failure_memory(const Error& error, unsigned count,
                                                      const CachePolicy& policy, double jitter);

/// When a token is over: by what the server said, or, when it did not say, a day from `now`.
[[nodiscard]] Instant end_of(const AccessToken& token, Instant now);

}  // namespace valetkey::lifecycle
