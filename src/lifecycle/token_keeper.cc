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

constexpr auto fence_margin = 1min;
constexpr auto fence_life_of_fleet = 24h;  ///< a token of unknown end is taken to live no longer

bool lives_long_enough(const std::optional<Instant>& end, const TokenRequest& request,
                       Instant now) {
  return !end || std::chrono::floor<std::chrono::seconds>(*end - now) >= request.min_life;
}

bool is_servable(const std::optional<CachedToken>& held, const TokenRequest& request, Instant now) {
  return held && zone_of(held->lifetime, now) == Zone::fresh &&
         lives_long_enough(held->lifetime.expires_at, request, now);
}

// RFC 8693 §2.2.2 leaves it to invalid_request, Box and others say invalid_grant: either may mean
// that the subject token is no longer good.
bool may_blame_parent(Errc code) {
  return code == Errc::invalid_grant || code == Errc::invalid_request;
}

}  // namespace

Error TokenKeeper::revoked_in_flight() {
  return {.code = Errc::cancelled, .context = "the token was revoked while it was being fetched"};
}

Error TokenKeeper::no_such_life() {
  return {.code = Errc::denied_by_policy,
          .context = "no token with as much life left as asked for is to be had",
          .hint = "ask for a smaller min_life"};
}

Error TokenKeeper::given_again(const AccessToken& token) {
  if (token.fields().developer) {
    return {.code = Errc::developer_token_ended,
            .context = "the developer token was revoked",
            .hint = "generate the next one in the developer console and put it into its source"};
  }
  return {.code = Errc::malformed_response,
          .context = "the provider gives again a token that was revoked",
          .hint = "try again later; if it stays so, the provider does not honour revocations"};
}

TokenKeeper::TokenKeeper(KeeperParts parts, KeeperOptions options)
    : parts_(std::move(parts)),
      options_(options),
      stopper_(parts_.clock),
      live_(options.tokens_max * 2),  // the cached ones, and those that they replaced
      revocations_(*parts_.clock, parts_.revocation_executor, parts_.revoker,
                   options.tokens_max * 2) {
  if (parts_.fleet) parts_.fleet->start(*this);
}

Result<AccessToken> TokenKeeper::token(const PlanPtr& plan, Deadline deadline) {
  return token_with(plan, deadline, nullptr);
}

Result<AccessToken> TokenKeeper::token_with(const PlanPtr& plan, Deadline deadline,
                                            const FlightPtr& child) {
  for (unsigned looks = 0;;) {
    const Instant now = parts_.clock->now();
    // Rule R3: what others revoked is known before anything is served.
    catch_up(*plan, now, deadline);
    auto held = parts_.cache.find(plan->key);
    if (is_servable(held, plan->request, now)) return held->token.share(TokenOrigin::memory);
    Decision decision = decide(*plan, std::move(held), now);
    // A transient failure that will be over in time is worth the wait that the caller allows.
    if (decision.retry_at && *decision.retry_at < deadline.at) {
      if (stopper_.wait_until(*decision.retry_at)) continue;
      return fail(Errc::cancelled, "valetkey is shutting down");
    }
    const bool can_wait = decision.action == Action::serve_and_refresh;
    if (child && decision.flight && !can_wait) {
      decision.flight->tell(child);
      if (decision.flight->claim()) fly(plan, decision.flight);
    } else if (decision.is_new_flight) {
      launch(plan, decision.flight);
    }
    auto result = act(*plan, decision, deadline);
    if (result) return std::move(*result);
    if (++looks == rounds_max) {
      return fail(plan->request.min_life > 0s ? no_such_life() : revoked_in_flight());
    }
  }
}

void TokenKeeper::catch_up(const Plan& plan, Instant now, Deadline deadline) {
  if (!parts_.fleet || !plan.shareable) return;
  // Twice: the first look may be one that had begun before this process was stopped or suspended.
  for (int looked = 0; looked < 2 && !parts_.fleet->is_current(now); ++looked) {
    parts_.fleet->look(deadline);
    now = parts_.clock->now();
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
    situation.is_successor = state.force_succeeded;
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
      state.force_succeeded = false;
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
    decision.error = no_such_life();
    return;
  }
  decision.error = state.failure->error;
  if (remedy_for(decision.error->code) != Remedy::retry) return;
  decision.error->retry_after = std::chrono::ceil<std::chrono::seconds>(state.failure->until - now);
  decision.retry_at = state.failure->until;
}

// Rule R3: what was revoked since we looked is not handed out.
std::optional<Result<AccessToken>> TokenKeeper::serve(const CachedToken& held) const {
  if (withdrawals_.buried(held.token.fingerprint())) return std::nullopt;
  return held.token.share(TokenOrigin::memory);
}

std::optional<Result<AccessToken>> TokenKeeper::act(const Plan& plan, const Decision& decision,
                                                    Deadline deadline) {
  switch (decision.action) {
    case Action::serve:
    case Action::serve_and_refresh:
      return serve(*decision.held);
    case Action::refresh_or_serve: {
      const Deadline patience{parts_.clock->now() + options_.policy.stale_wait};
      auto fetched = decision.flight->await_or_leave(*parts_.clock, deadline.sooner(patience));
      catch_up(plan, parts_.clock->now(), deadline);  // the process may have slept while it waited
      if (fetched && !withdrawals_.buried(fetched->fingerprint())) {
        return Result<AccessToken>(std::move(*fetched));
      }
      return serve(*decision.held);
    }
    case Action::refresh:
    case Action::force: {
      auto fetched = decision.flight->await(*parts_.clock, deadline);
      if (!fetched) return fetched;
      catch_up(plan, parts_.clock->now(), deadline);
      if (withdrawals_.buried(fetched->fingerprint())) return std::nullopt;
      if (lives_long_enough(fetched->expires_at(), plan.request, parts_.clock->now())) {
        return fetched;
      }
      // A flight that others began knew nothing of this caller's wish; one of his own did.
      if (decision.action == Action::force) return Result<AccessToken>(fail(no_such_life()));
      return std::nullopt;
    }
    case Action::fail:
      return Result<AccessToken>(fail(*decision.error));
  }
  return std::nullopt;
}

void TokenKeeper::launch(const PlanPtr& plan, const FlightPtr& flight) {
  const bool posted = parts_.executor_for(*plan).post([this, plan, flight] {
    if (flight->claim()) fly(plan, flight);
  });
  if (posted || !flight->claim()) return;
  if (stopper_.stopped()) {
    settle(*plan, flight, {fail(Errc::cancelled, "valetkey is shutting down")});
  } else {
    settle(*plan, flight,
           {fail(Errc::exhausted, "no thread is to be had for the fetch",
                 "raise the limit of processes and threads (ulimit -u, TasksMax=)")});
  }
}

void TokenKeeper::fly(const PlanPtr& plan, const FlightPtr& flight) {
  if (stopper_.stopped()) {
    return settle(*plan, flight, {fail(Errc::cancelled, "valetkey is shutting down")});
  }
  settle(*plan, flight, obtain(plan, flight));
}

TokenKeeper::Landing TokenKeeper::obtain(const PlanPtr& plan, const FlightPtr& flight) {
  auto held = parts_.cache.find(plan->key);
  const Instant now = parts_.clock->now();
  if (is_servable(held, plan->request, now)) {
    return {held->token.share(TokenOrigin::memory)};
  }
  if (!parts_.fleet || !plan->shareable) return obtain_alone(plan, flight);
  Wish wish;
  wish.min_life = plan->request.min_life;
  wish.credentials = parts_.fetcher.credentials_of(*plan);
  wish.is_refresh = held && zone_of(held->lifetime, now) != Zone::dead;
  keys_.with([&](Keys& keys) {
    const auto at = keys.states.find(plan->key);
    if (at == keys.states.end() || !at->second.rejected) return;
    wish.rejected = at->second.rejected->token.fingerprint();
  });
  return obtain_with_fleet(plan, flight, wish);
}

TokenKeeper::Landing TokenKeeper::obtain_alone(const PlanPtr& plan, const FlightPtr& flight) {
  const Deadline deadline{parts_.clock->now() + options_.fetch_time_max};
  for (unsigned round = 0; round < rounds_max; ++round) {
    const auto number = withdrawals_.number();
    Landing landing = fetch(plan, flight, deadline);
    if (!landing.token) return landing;
    const bool is_kept = keep(plan, *landing.token, lifetime_of(*landing.token), number, {});
    if (is_kept) return landing;
    if (withdrawals_.buried(landing.token->fingerprint())) {
      return {fail(given_again(*landing.token))};
    }
    take_back(std::move(*landing.token));
  }
  return {fail(revoked_in_flight())};
}

TokenKeeper::Landing TokenKeeper::fetch(const PlanPtr& plan, const FlightPtr& flight,
                                        Deadline deadline) {
  const auto note = [&flight](const Error& error) { flight->note_failure(error); };
  if (!plan->parent) {
    fetches_.fetch_add(1, std::memory_order_relaxed);
    return {parts_.fetcher.fetch(*plan, nullptr, note, deadline)};
  }
  // Rule D1. When the exchange refuses the parent, the parent may have been killed behind our back:
  // it is dropped like after a 401, and the exchange is tried once more with its successor.
  for (bool is_last = false;; is_last = true) {
    auto parent = fetch_parent(plan, flight, deadline);
    if (!parent) return {std::move(parent), true};
    fetches_.fetch_add(1, std::memory_order_relaxed);
    auto child = parts_.fetcher.fetch(*plan, &*parent, note, deadline);
    if (child || is_last || !may_blame_parent(child.error().code)) return {std::move(child)};
    if (parent->origin() == TokenOrigin::provider) return {std::move(child)};
    report_unauthorized(*parent);
  }
}

Result<AccessToken> TokenKeeper::fetch_parent(const PlanPtr& plan, const FlightPtr& flight,
                                              Deadline deadline) {
  auto parent = token_with(plan->parent, deadline, flight);
  const bool asked_too_much = !parent && parent.error().code == Errc::denied_by_policy &&
                              plan->parent->request.min_life > 0s;
  if (!asked_too_much) return parent;
  // The wish is one caller's and the flight is everybody's: he is refused when it has landed.
  auto modest = std::make_shared<Plan>(*plan->parent);
  modest->request.min_life = 0s;
  return token_with(modest, deadline, flight);
}

// RFC 6749 §5.1: expires_in is only RECOMMENDED. A token without it is used once and not cached: a
// guessed hour is an hour in which a dead token would be served.
std::optional<Lifetime> TokenKeeper::lifetime_of(const AccessToken& token) const {
  if (!token.expires_at()) return std::nullopt;
  return plan_lifetime(token.fields().sent_at, *token.expires_at(), options_.policy,
                       parts_.jitter());
}

void TokenKeeper::add_live(LiveToken live) {
  for (const auto& evicted : live_.add(std::move(live), parts_.clock->now())) {
    if (evicted.plan) parts_.cache.erase(evicted.plan->key, evicted.token.fingerprint());
  }
}

// Whether the token is now held; if not, it is revoked, or something that covers it.
bool TokenKeeper::keep(const PlanPtr& plan, const AccessToken& token,
                       const std::optional<Lifetime>& lifetime, Withdrawals::Number number,
                       const std::optional<LogPosition>& position) {
  add_live({token.share(), plan, position});
  const bool is_kept = withdrawals_.keep_unless_withdrawn(token, *plan, number, position, [&] {
    if (lifetime) parts_.cache.store(plan->key, {token.share(), *lifetime});
  });
  if (!is_kept) live_.remove(token.fingerprint());
  return is_kept;
}

void TokenKeeper::settle(const Plan& plan, const FlightPtr& flight, const Landing& landing) {
  const Instant now = parts_.clock->now();
  const double jitter = parts_.jitter();
  const Result<AccessToken>& token = landing.token;
  keys_.with([&](Keys& keys) {
    KeyState& state = keys.states[plan.key];
    state.flight.reset();
    if (token) {
      state.failure.reset();
      state.rejected.reset();
      state.force_succeeded = state.forced_at.has_value();
    } else if (token.error().code != Errc::cancelled && !landing.is_parents_failure) {
      // Rule C9. A failure deletes nothing that is still good.
      const unsigned count = state.failure ? state.failure->count + 1 : 1;
      const auto memory = failure_memory(token.error(), count, options_.policy, jitter);
      state.failure = Failure{token.error(), landing.failed_until.value_or(now + memory), count};
    }
  });
  if (!token) failures_.fetch_add(1, std::memory_order_relaxed);
  if (token) return flight->land(token->share());
  if (landing.fallback) return flight->land(landing.fallback->share());
  flight->land(fail(token.error()));
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
  const Fingerprint& fingerprint = token.fingerprint();
  const PlanPtr plan = live_.find_plan(fingerprint);
  if (!plan) return;
  auto held = parts_.cache.find(plan->key);
  // Rule U1: the cache already holds a newer one, so this report is old news.
  if (!held || held->token.fingerprint() != fingerprint) return;
  base::log(LogLevel::info,
            "token " + std::string(fingerprint.text()) + " was refused by the API and is dropped");
  parts_.cache.erase(plan->key, fingerprint);
  keys_.with([&](Keys& keys) {
    // Revoked meanwhile: then it is not even to be served as the best there is.
    if (!withdrawals_.buried(fingerprint)) keys.states[plan->key].rejected = held->share();
  });
}

RevocationReport TokenKeeper::revoke(const AccessToken& token, Deadline deadline) {
  const Instant now = parts_.clock->now();
  // Before its family is looked up: a child that is being narrowed either is in it or finds this.
  withdrawals_.bury(token.fingerprint(), end_of(token, now), now);
  auto family = live_.family_of(token.fingerprint());
  const bool is_known = std::any_of(family.begin(), family.end(), [&](const LiveToken& one) {
    return one.token.fingerprint() == token.fingerprint();
  });
  if (!is_known) family.push_back({token.share(), nullptr});
  return withdraw(family, {}, deadline);
}

RevocationReport TokenKeeper::revoke_reach(const Reach& reach, const PlanPtr& full,
                                           Deadline deadline) {
  const Instant now = parts_.clock->now();
  Revocation revocation;
  revocation.has_fence = true;
  if (reach.provider) revocation.provider_key = parts_.provider_keys.at(*reach.provider);
  revocation.subject = reach.subject;
  revocation.at = now;
  Withdrawals::Fence fence{.at = now,
                           .until = now + options_.fetch_time_max * rounds_max + fence_margin};
  if (parts_.fleet) {
    revocation.id = parts_.fleet->new_id();
    fence.id = revocation.id;
    fence.until = now + fence_life_of_fleet;
  }
  revocation.until = fence.until;
  withdrawals_.fence(reach, fence, now);
  auto tokens =
      live_.matching([&reach](const LiveToken& live) { return reach.covers(*live.plan); });
  // Rule R1: also what this process never held, where its key is known.
  if (parts_.fleet && full && full->shareable) {
    if (auto shared = parts_.fleet->find(full->key)) {
      const auto& fingerprint = shared->token.fingerprint();
      const bool is_known = std::any_of(tokens.begin(), tokens.end(), [&](const LiveToken& one) {
        return one.token.fingerprint() == fingerprint;
      });
      if (!is_known) tokens.push_back({shared->token.share(), full});
    }
  }
  return withdraw(tokens, std::move(revocation), deadline);
}

void TokenKeeper::take_back(AccessToken token) {
  const Instant now = parts_.clock->now();
  withdrawals_.bury(token.fingerprint(), end_of(token, now), now);
  revocations_.add(std::move(token));
}

void TokenKeeper::forget(const LiveToken& live, Instant now) {
  const Fingerprint& fingerprint = live.token.fingerprint();
  withdrawals_.bury(fingerprint, end_of(live.token, now), now);
  live_.remove(fingerprint);
  if (!live.plan) return;
  parts_.cache.erase(live.plan->key, fingerprint);
  keys_.with([&](Keys& keys) {
    const auto at = keys.states.find(live.plan->key);
    if (at == keys.states.end() || !at->second.rejected) return;
    if (at->second.rejected->token.fingerprint() == fingerprint) at->second.rejected.reset();
  });
}

// Rule R2: first out of the caches, all of them, then upstream.
RevocationReport TokenKeeper::withdraw(const std::vector<LiveToken>& tokens, Revocation revocation,
                                       Deadline deadline) {
  const Instant now = parts_.clock->now();
  for (const auto& live : tokens)
    forget(live, now);
  const bool is_told = announce(std::move(revocation), tokens, deadline);
  std::vector<RevocationQueue::DeliveryPtr> deliveries;
  deliveries.reserve(tokens.size());
  for (const auto& live : tokens)
    deliveries.push_back(revocations_.add(live.token.share()));
  auto report = revocations_.await(deliveries, deadline);
  report.untold = !is_told;
  return report;
}

void TokenKeeper::forget_failures() {
  keys_.with([](Keys& keys) {
    for (auto& [key, state] : keys.states)
      state.failure.reset();
  });
}

void TokenKeeper::stop() {
  stopper_.stop();
  if (parts_.fleet) parts_.fleet->stop();
  revocations_.stop();
}

void TokenKeeper::add_counters(Counters& counters) const {
  counters.fetches += fetches_.load(std::memory_order_relaxed);
  counters.forced_refreshes += forced_.load(std::memory_order_relaxed);
  counters.failures += failures_.load(std::memory_order_relaxed);
  counters.revocations += revocations_.delivered();
}

}  // namespace valetkey::lifecycle
