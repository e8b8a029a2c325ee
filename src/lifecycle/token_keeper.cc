// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/token_keeper.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

// How an ask travels. A fresh token is served from the cache and nothing else is touched. Otherwise
// the key's state is looked at under the lock and next_action decides; whoever finds no flight
// starts one, on the executor, so that it belongs to nobody; everybody else waits for it. The
// flight reads the cache again before it fetches: between a caller's look into the cache and its
// boarding another flight may have landed, and two fetches would be one too many (rule C5).
//
// A child's flight needs its parent's token. It asks for it like anyone, but flies the parent's
// flight itself if nobody has begun to: a pool full of children must not wait for parents that
// stand behind them in the same queue.

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr auto tombstone_of_unknown_end = 24h;
constexpr auto fence_margin = 1min;
constexpr unsigned rounds_max = 3;

bool lives_long_enough(const CachedToken& held, const TokenRequest& request, Instant now) {
  return now + request.min_life <= held.lifetime.expires_at;
}

// RFC 8693 §2.2.2 leaves it to invalid_request, Box and others say invalid_grant: either may mean
// that the subject token is no longer good.
bool may_blame_parent(Errc code) {
  return code == Errc::invalid_grant || code == Errc::invalid_request;
}

}  // namespace

TokenKeeper::TokenKeeper(KeeperParts parts, KeeperOptions options)
    : parts_(std::move(parts)),
      options_(options),
      stopper_(parts_.clock),
      live_(options.tokens_max),
      revocations_(*parts_.clock, parts_.executor, parts_.revoker) {}

Result<AccessToken> TokenKeeper::token(const PlanPtr& plan, Deadline deadline) {
  return token_with(plan, deadline, Where::executor);
}

Result<AccessToken> TokenKeeper::token_with(const PlanPtr& plan, Deadline deadline, Where where) {
  for (;;) {
    const Instant now = parts_.clock->now();
    auto held = parts_.cache.find(plan->key);
    if (held && zone_of(held->lifetime, now) == Zone::fresh &&
        lives_long_enough(*held, plan->request, now)) {
      return held->token.share(TokenOrigin::memory);
    }
    Decision decision = decide(*plan, std::move(held), now);
    // A transient failure that will be over in time is worth the wait that the caller allows.
    if (decision.retry_at && *decision.retry_at < deadline.at) {
      if (stopper_.wait_until(*decision.retry_at)) continue;
      return fail(Errc::cancelled, "valetkey is shutting down");
    }
    const bool can_wait = decision.action == Action::serve_and_refresh;
    if (where == Where::this_thread && decision.flight && !can_wait) {
      if (decision.flight->claim()) fly(plan, decision.flight);
    } else if (decision.is_new_flight) {
      launch(plan, decision.flight);
    }
    return act(plan, std::move(decision), deadline);
  }
}

TokenKeeper::Decision TokenKeeper::decide(const Plan& plan, std::optional<CachedToken> held,
                                          Instant now) {
  return keys_.with([&](Keys& keys) {
    sweep(keys, now);
    return decide_in(keys.states[plan.key], plan, std::move(held), now);
  });
}

TokenKeeper::Decision TokenKeeper::decide_in(KeyState& state, const Plan& plan,
                                             std::optional<CachedToken> held, Instant now) {
  Situation situation;
  if (held) {
    situation.held = held->lifetime;
  } else if (state.rejected) {
    held = state.rejected->share();
    situation.held = held->lifetime;
    situation.rejected = true;
  }
  situation.refreshing = state.flight != nullptr;
  situation.forced_at = state.forced_at;
  if (state.failure) situation.blocked_until = state.failure->until;
  situation.min_life = plan.request.min_life;

  Decision decision;
  decision.action = next_action(situation, now, options_.policy);
  decision.held = std::move(held);
  switch (decision.action) {
    case Action::serve:
      return decision;
    case Action::fail:
      refuse(decision, state, now);
      return decision;
    case Action::force:
      state.forced_at = now;
      forced_.fetch_add(1, std::memory_order_relaxed);
      break;
    case Action::serve_and_refresh:
    case Action::refresh_or_serve:
    case Action::refresh:
      break;
  }
  if (!state.flight) {
    state.flight = std::make_shared<Flight>();
    decision.is_new_flight = true;
  }
  decision.flight = state.flight;
  return decision;
}

void TokenKeeper::refuse(Decision& decision, const KeyState& state, Instant now) const {
  if (!state.failure || state.failure->until <= now) {
    decision.error = Error{.code = Errc::denied_by_policy,
                           .context = "no token with as much life left as asked for is to be had",
                           .hint = "ask for a smaller min_life"};
    return;
  }
  decision.error = state.failure->error;
  if (remedy_for(decision.error->code) != Remedy::retry) return;
  decision.error->retry_after = std::chrono::ceil<std::chrono::seconds>(state.failure->until - now);
  decision.retry_at = state.failure->until;
}

void TokenKeeper::stop() {
  stopper_.stop();
  revocations_.stop();
}

Result<AccessToken> TokenKeeper::act(const PlanPtr& plan, Decision decision, Deadline deadline) {
  switch (decision.action) {
    case Action::serve:
    case Action::serve_and_refresh:
      return decision.held->token.share(TokenOrigin::memory);
    case Action::refresh_or_serve: {
      const Deadline patience{parts_.clock->now() + options_.policy.stale_wait};
      auto fetched = decision.flight->await_or_leave(*parts_.clock, deadline.sooner(patience));
      if (fetched) return std::move(*fetched);
      return decision.held->token.share(TokenOrigin::memory);
    }
    case Action::refresh:
    case Action::force: {
      auto fetched = decision.flight->await(*parts_.clock, deadline);
      if (!fetched) return fetched;
      const auto& end = fetched->expires_at();
      if (end && parts_.clock->now() + plan->request.min_life > *end) {
        return fail(Errc::denied_by_policy,
                    "the provider gives no token with as much life left as asked for",
                    "ask for a smaller min_life");
      }
      return fetched;
    }
    case Action::fail:
      return fail(std::move(*decision.error));
  }
  return fail(Errc::cancelled, "no action");
}

void TokenKeeper::launch(const PlanPtr& plan, const FlightPtr& flight) {
  const bool posted = parts_.executor.post([this, plan, flight] {
    if (flight->claim()) fly(plan, flight);
  });
  if (!posted && flight->claim()) {
    settle(*plan, flight, fail(Errc::cancelled, "valetkey is shutting down"));
  }
}

void TokenKeeper::fly(const PlanPtr& plan, const FlightPtr& flight) {
  const Deadline deadline{parts_.clock->now() + options_.fetch_time_max};
  settle(*plan, flight, obtain(plan, *flight, deadline));
}

Result<AccessToken> TokenKeeper::obtain(const PlanPtr& plan, Flight& flight, Deadline deadline) {
  const Instant now = parts_.clock->now();
  auto held = parts_.cache.find(plan->key);
  if (held && zone_of(held->lifetime, now) == Zone::fresh &&
      lives_long_enough(*held, plan->request, now)) {
    return held->token.share(TokenOrigin::memory);
  }
  for (unsigned round = 0; round < rounds_max; ++round) {
    const auto number = withdrawals_.number();
    auto fetched = fetch(plan, flight, deadline);
    if (!fetched) return fetched;
    auto kept = keep(plan, std::move(*fetched));
    // After it is kept, not before: a revocation either finds it kept or is found here.
    if (!withdrawals_.withdrawn(*kept, *plan, number)) return kept;
    parts_.cache.erase(plan->key, kept->fingerprint());
    revocations_.add(std::move(*kept));
  }
  return fail(Errc::cancelled, "the token was revoked while it was being fetched");
}

Result<AccessToken> TokenKeeper::fetch(const PlanPtr& plan, Flight& flight, Deadline deadline) {
  const auto note = [&flight](const Error& error) { flight.note_failure(error); };
  if (!plan->parent) {
    fetches_.fetch_add(1, std::memory_order_relaxed);
    return parts_.fetcher.fetch(*plan, nullptr, note, deadline);
  }
  // Rule D1. When the exchange refuses the parent, the parent may have been killed behind our back:
  // it is dropped like after a 401, and the exchange is tried once more with its successor.
  for (bool last = false;; last = true) {
    auto parent = token_with(plan->parent, deadline, Where::this_thread);
    if (!parent) return parent;
    fetches_.fetch_add(1, std::memory_order_relaxed);
    auto child = parts_.fetcher.fetch(*plan, &*parent, note, deadline);
    if (child || last || !may_blame_parent(child.error().code)) return child;
    if (parent->origin() == TokenOrigin::provider) return child;
    report_unauthorized(*parent);
  }
}

Result<AccessToken> TokenKeeper::keep(const PlanPtr& plan, AccessToken token) {
  live_.add({token.share(), plan}, parts_.clock->now());
  // RFC 6749 §5.1: expires_in is only RECOMMENDED. A token without it is used once and not cached:
  // a guessed hour is an hour in which a dead token would be served.
  if (token.expires_at()) {
    const auto lifetime = plan_lifetime(token.fields().sent_at, *token.expires_at(),
                                        options_.policy, parts_.jitter());
    parts_.cache.store(plan->key, {token.share(), lifetime});
  }
  return token;
}

void TokenKeeper::settle(const Plan& plan, const FlightPtr& flight,
                         const Result<AccessToken>& landing) {
  const Instant now = parts_.clock->now();
  keys_.with([&](Keys& keys) {
    KeyState& state = keys.states[plan.key];
    state.flight.reset();
    if (landing) {
      state.failure.reset();
      state.rejected.reset();
    } else if (landing.error().code != Errc::cancelled) {
      // Rule C9. A failure deletes nothing that is still good.
      const unsigned count = state.failure ? state.failure->count + 1 : 1;
      const bool permanent = remedy_for(landing.error().code) != Remedy::retry;
      const auto memory = failure_memory(permanent, count, options_.policy, parts_.jitter());
      state.failure = Failure{landing.error(), now + memory, count};
    }
  });
  if (!landing) failures_.fetch_add(1, std::memory_order_relaxed);
  flight->land(landing ? Result<AccessToken>(landing->share()) : fail(landing.error()));
}

void TokenKeeper::sweep(Keys& keys, Instant now) const {
  if (keys.states.size() < keys.swept_size * 2 + 1024) return;
  std::erase_if(keys.states, [&](const auto& one) {
    const KeyState& state = one.second;
    return !state.flight && (!state.failure || state.failure->until <= now) &&
           (!state.rejected || state.rejected->lifetime.dead_at <= now) &&
           (!state.forced_at || *state.forced_at + options_.policy.forced_refresh_interval <= now);
  });
  keys.swept_size = keys.states.size();
}

void TokenKeeper::report_unauthorized(const AccessToken& token) {
  const PlanPtr plan = live_.find_plan(token.fingerprint());
  if (!plan) return;
  auto held = parts_.cache.find(plan->key);
  // Rule U1: the cache already holds a newer one, so this report is old news.
  if (!held || held->token.fingerprint() != token.fingerprint()) return;
  base::log(LogLevel::info, "token " + std::string(token.fingerprint().text()) +
                                " was refused by the API and is dropped");
  keys_.with([&](Keys& keys) { keys.states[plan->key].rejected = held->share(); });
  parts_.cache.erase(plan->key, token.fingerprint());
}

RevocationReport TokenKeeper::revoke(const AccessToken& token, Deadline deadline) {
  const Instant now = parts_.clock->now();
  withdrawals_.bury(token.fingerprint(),
                    token.expires_at().value_or(now + tombstone_of_unknown_end), now);
  auto family = live_.family_of(token.fingerprint());
  const bool is_known = std::any_of(family.begin(), family.end(), [&](const LiveToken& one) {
    return one.token.fingerprint() == token.fingerprint();
  });
  if (!is_known) family.push_back({token.share(), nullptr});
  return withdraw(family, deadline);
}

RevocationReport TokenKeeper::revoke_reach(const Reach& reach, Deadline deadline) {
  const Instant now = parts_.clock->now();
  withdrawals_.fence(reach, now + options_.fetch_time_max * rounds_max + fence_margin, now);
  return withdraw(
      live_.matching([&reach](const AccessToken&, const Plan& plan) { return reach.covers(plan); }),
      deadline);
}

// Rule R2: first out of the caches, all of them, then upstream.
RevocationReport TokenKeeper::withdraw(const std::vector<LiveToken>& tokens, Deadline deadline) {
  const Instant now = parts_.clock->now();
  std::vector<Fingerprint> fingerprints;
  for (const auto& [token, plan] : tokens) {
    const Fingerprint& fingerprint = token.fingerprint();
    fingerprints.push_back(fingerprint);
    withdrawals_.bury(fingerprint, token.expires_at().value_or(now + tombstone_of_unknown_end),
                      now);
    live_.remove(fingerprint);
    if (!plan) continue;
    parts_.cache.erase(plan->key, fingerprint);
    keys_.with([&](Keys& keys) {
      const auto at = keys.states.find(plan->key);
      if (at == keys.states.end() || !at->second.rejected) return;
      if (at->second.rejected->token.fingerprint() == fingerprint) at->second.rejected.reset();
    });
  }
  for (const auto& live : tokens)
    revocations_.add(live.token.share());
  const std::size_t pending = revocations_.await(fingerprints, deadline);
  return {.delivered = fingerprints.size() - pending, .pending = pending};
}

void TokenKeeper::forget_failures() {
  keys_.with([](Keys& keys) {
    for (auto& [key, state] : keys.states)
      state.failure.reset();
  });
}

void TokenKeeper::add_counters(Counters& counters) const {
  counters.fetches += fetches_.load(std::memory_order_relaxed);
  counters.forced_refreshes += forced_.load(std::memory_order_relaxed);
  counters.failures += failures_.load(std::memory_order_relaxed);
  counters.revocations += revocations_.delivered();
}

}  // namespace valetkey::lifecycle
