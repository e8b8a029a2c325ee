// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/policy.h"

#include <algorithm>

namespace valetkey::lifecycle {
namespace {

using std::chrono::nanoseconds;

nanoseconds scaled(nanoseconds duration, double factor) {
  return nanoseconds(static_cast<nanoseconds::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

Lifetime plan_lifetime(Instant sent_at, Instant expires_at, const CachePolicy& policy,
                       double jitter) {
  constexpr nanoseconds hour = std::chrono::hours(1);
  const nanoseconds life = std::max(expires_at - sent_at, nanoseconds::zero());
  // Rule C3: 10 minutes off an hour, a sixth off anything shorter; other lifetimes scale alike.
  const nanoseconds buffer_of_hour =
      std::clamp<nanoseconds>(hour - policy.lifetime, nanoseconds::zero(), hour);
  const double share =
      static_cast<double>(buffer_of_hour.count()) / static_cast<double>(hour.count());
  const nanoseconds cached_for = life - std::min(buffer_of_hour, scaled(life, share));
  // The margin is capped by a tenth, so that a token of a minute is not born dead.
  const nanoseconds margin = std::min<nanoseconds>(policy.dead_margin, life / 10);
  const nanoseconds tenth = cached_for / 10;
  Lifetime lifetime;
  lifetime.expires_at = expires_at;
  lifetime.dead_at = sent_at + (life - margin);
  lifetime.cached_until = std::min(sent_at + cached_for, lifetime.dead_at);
  lifetime.ahead_at = lifetime.cached_until - tenth + scaled(tenth / 2, jitter);
  return lifetime;
}

Zone zone_of(const Lifetime& lifetime, Instant now) noexcept {
  if (now >= lifetime.dead_at) return Zone::dead;
  if (now >= lifetime.cached_until) return Zone::stale;
  if (now >= lifetime.ahead_at) return Zone::ahead;
  return Zone::fresh;
}

std::string_view name_of(Zone zone) noexcept {
  switch (zone) {
    case Zone::fresh:
      return "fresh";
    case Zone::ahead:
      return "ahead";
    case Zone::stale:
      return "stale";
    case Zone::dead:
      return "dead";
  }
  return "dead";
}

Action next_action(const Situation& situation, Instant now, const CachePolicy& policy) noexcept {
  const bool blocked = situation.blocked_until && now < *situation.blocked_until;
  const bool may_force =
      !situation.forced_at || now >= *situation.forced_at + policy.forced_refresh_interval;

  const Zone zone = situation.held ? zone_of(*situation.held, now) : Zone::dead;
  if (zone == Zone::dead) return blocked ? Action::fail : Action::refresh;

  // Whole seconds, and a difference, not a sum: a demand may be as large as it likes.
  const auto left = std::chrono::floor<std::chrono::seconds>(situation.held->expires_at - now);
  const bool lives_too_short = left < situation.min_life;
  if (situation.rejected) {
    if (situation.refreshing) return Action::refresh;
    if (blocked) return Action::fail;
    if (may_force) return Action::force;
    // Its replacement was refused as well: the refusal is of the subject, not of the token, and
    // asking again and again would only make a storm. Without a replacement the refresh failed,
    // and the memory of that failure is the limit.
    if (!situation.is_successor) return Action::refresh;
    return lives_too_short ? Action::fail : Action::serve;
  }
  if (lives_too_short) {
    if (situation.refreshing) return Action::refresh;
    return blocked || !may_force ? Action::fail : Action::force;
  }

  switch (zone) {
    case Zone::fresh:
      return Action::serve;
    case Zone::ahead:
      return blocked || situation.refreshing ? Action::serve : Action::serve_and_refresh;
    case Zone::stale:
      return blocked ? Action::serve : Action::refresh_or_serve;
    case Zone::dead:
      break;
  }
  return Action::refresh;
}

nanoseconds failure_memory(const Error& error, unsigned count, const CachePolicy& policy,
                           double jitter) {
  if (remedy_for(error.code) != Remedy::retry) return policy.permanent_memory;
  const unsigned doublings = std::min(count == 0 ? 0U : count - 1U, 16U);
  const nanoseconds full = std::min<nanoseconds>(
      nanoseconds(policy.transient_first) * (1U << doublings), policy.transient_max);
  const nanoseconds asked_for =
      std::min(error.retry_after.value_or(std::chrono::seconds::zero()), policy.retry_after_max);
  return std::max(full / 2 + scaled(full / 2, jitter), asked_for);
}

Instant end_of(const AccessToken& token, Instant now) {
  constexpr auto unknown_life = std::chrono::hours(24);
  return token.expires_at().value_or(now + unknown_life);
}

}  // namespace valetkey::lifecycle
