// SPDX-License-Identifier: Apache-2.0
// The keeper as one process of a fleet: whose flight it is, and what the others revoked.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "lifecycle/token_keeper.h"

namespace valetkey::lifecycle {
namespace {

constexpr std::size_t records_erased_max = 64;  ///< one by one, at a revocation; fences do the rest
constexpr std::size_t offered_max = 100'000;
constexpr auto proven_for = std::chrono::hours(24);
constexpr auto undecided_for = std::chrono::seconds(10);

}  // namespace

TokenKeeper::Landing TokenKeeper::obtain_with_fleet(const PlanPtr& plan, const FlightPtr& flight,
                                                    const Wish& wish) {
  for (unsigned round = 0; round < rounds_max; ++round) {
    auto seat = parts_.fleet->board(*plan, wish);
    const bool has_nothing = seat.step == BoardingStep::serve && !seat.token;
    if (seat.is_alone || has_nothing) return obtain_alone(plan, flight);
    switch (seat.step) {
      case BoardingStep::serve:
        if (keep_shared(plan, *seat.token, seat.token_position)) {
          return {seat.token->token.share()};
        }
        continue;
      case BoardingStep::fail: {
        Landing landing{fail(seat.failure ? seat.failure->error : no_such_life())};
        if (seat.failure) landing.failed_until = seat.failure->until;
        return landing;
      }
      case BoardingStep::fetch:
      case BoardingStep::wait: {
        auto landing = fetch_for_fleet(plan, flight, seat, wish.credentials);
        if (landing) return std::move(*landing);
        continue;
      }
    }
  }
  return {fail(revoked_in_flight())};
}

std::optional<TokenKeeper::Landing> TokenKeeper::fetch_for_fleet(const PlanPtr& plan,
                                                                 const FlightPtr& flight,
                                                                 const Fleet::Seat& seat,
                                                                 const std::string& credentials) {
  const auto number = withdrawals_.number();
  Landing landing = fetch_on_trial(plan, flight, credentials);
  if (landing.token) return land_with_fleet(plan, seat, std::move(landing), number);

  const Error none{.code = Errc::cancelled, .context = {}};
  // What is remembered elsewhere, of a parent or of the credentials, is not remembered here again.
  const bool is_its_own = !landing.is_parents_failure && !landing.failed_until;
  const Error& failure = is_its_own ? landing.token.error() : none;
  parts_.fleet->give_back(*plan, seat, failure, credentials);
  // Rule C4: what the others hold is served while it lives, as what we hold would be.
  if (seat.token && keep_shared(plan, *seat.token, seat.token_position)) {
    landing.fallback.emplace(seat.token->token.share());
  }
  return landing;
}

std::optional<TokenKeeper::Landing> TokenKeeper::land_with_fleet(const PlanPtr& plan,
                                                                 const Fleet::Seat& seat,
                                                                 Landing landing,
                                                                 Withdrawals::Number number) {
  const AccessToken& token = *landing.token;
  const auto lifetime = lifetime_of(token);
  const auto keep_it = [&] { return keep(plan, token, lifetime, number, seat.position); };
  bool is_kept = false;
  if (lifetime && !token.fields().developer) {
    auto landed = parts_.fleet->land(*plan, seat, {token.share(), *lifetime}, keep_it);
    is_kept = landed.how != Fleet::Landing::withdrawn;
    if (landed.instead && keep_shared(plan, *landed.instead, landed.position)) {
      return Landing{landed.instead->token.share()};
    }
  } else {
    parts_.fleet->give_back(*plan, seat, {.code = Errc::cancelled, .context = {}}, {});
    is_kept = keep_it();
  }
  if (is_kept) return landing;
  if (withdrawals_.buried(token.fingerprint())) return Landing{fail(given_again(token))};
  take_back(std::move(*landing.token));
  return std::nullopt;
}

PlanPtr TokenKeeper::plan_of_trial(const Plan& plan, const std::string& credentials) const {
  auto trial = std::make_shared<Plan>();
  trial->key = "client:" + parts_.provider_keys.at(plan.provider) + credentials;
  trial->provider = plan.provider;
  trial->shareable = true;
  return trial;
}

// Rule C9. A wrong secret is wrong for every subject. So credentials that no provider has accepted
// yet are tried by one flight of the whole fleet, and the others wait for what comes of it. What
// comes of it may be neither yes nor no: the provider is away, or will not say whether it means the
// client or the subject. Then everybody tries for himself, for a while.
TokenKeeper::Landing TokenKeeper::fetch_on_trial(const PlanPtr& plan, const FlightPtr& flight,
                                                 const std::string& credentials) {
  const PlanPtr trial = plan_of_trial(*plan, credentials);
  const auto fetch_now = [&] {
    Landing landing = fetch(plan, flight, Deadline{parts_.clock->now() + options_.fetch_time_max});
    if (landing.token) proven_.with([&](auto& all) { all.insert(trial->key); });
    return landing;
  };
  if (credentials.empty() || plan->parent) return fetch_now();
  if (proven_.with([&](const auto& all) { return all.contains(trial->key); })) return fetch_now();

  const Wish wish{.credentials = credentials,
                  .salt = "#" + parts_.fleet->new_id(),
                  .is_trial = true,
                  .patience = options_.trial_patience};
  const auto seat = parts_.fleet->board(*trial, wish);
  if (seat.step == BoardingStep::fail && seat.failure) {
    Landing landing{fail(seat.failure->error)};
    landing.failed_until = seat.failure->until;
    return landing;
  }
  if (seat.is_alone || seat.step != BoardingStep::fetch) return fetch_now();

  Landing landing = fetch_now();
  if (landing.token) {
    parts_.fleet->note_proven(*trial, seat, proven_for);
  } else if (landing.token.error().code == Errc::invalid_client &&
             parts_.fetcher.are_refused(*plan)) {
    parts_.fleet->give_back(*trial, seat, landing.token.error(), credentials);
  } else {
    parts_.fleet->note_proven(*trial, seat, undecided_for);
  }
  return landing;
}

bool TokenKeeper::keep_shared(const PlanPtr& plan, const CachedToken& cached,
                              const std::optional<LogPosition>& position) {
  add_live({cached.token.share(), plan, position});
  const bool is_kept = withdrawals_.keep_unless_withdrawn(
      cached.token, *plan, position, [&] { parts_.cache.store(plan->key, cached.share()); });
  if (!is_kept) live_.remove(cached.token.fingerprint());
  return is_kept;
}

bool TokenKeeper::is_withdrawn(const AccessToken& token, const Plan& plan,
                               const std::optional<LogPosition>& position) {
  const auto verdict = withdrawals_.judge(token, plan, position);
  // Whoever revoked its subject may never have known of it (rule R1).
  if (verdict == Withdrawals::Verdict::fenced) take_back(token.share());
  return verdict != Withdrawals::Verdict::good;
}

void TokenKeeper::learn(const std::vector<LearntRevocation>& news) {
  // Whoever comes second goes on when the news have taken effect, and not when they are known.
  const std::lock_guard in_turn(learning_);
  const Instant now = parts_.clock->now();
  for (const auto& [revocation, position] : news) {
    for (const auto& [fingerprint, until] : revocation.tombstones) {
      withdrawals_.bury(fingerprint, until, now);
      for (const auto& live : live_.family_of(fingerprint)) {
        forget(live, now);
        // Whoever revoked the parent may not have known of this child (rule R2).
        if (live.token.fingerprint() != fingerprint) revocations_.add(live.token.share());
      }
    }
    if (!revocation.has_fence) continue;
    Reach reach{.subject = revocation.subject};
    if (revocation.provider_key) {
      const auto& keys = parts_.provider_keys;
      const auto at = std::find(keys.begin(), keys.end(), *revocation.provider_key);
      if (at == keys.end()) continue;  // a provider that this process does not know
      reach.provider = static_cast<std::size_t>(at - keys.begin());
    }
    const Withdrawals::Fence fence{revocation.id, revocation.at, position, revocation.until};
    if (!withdrawals_.fence(reach, fence, now)) continue;
    const auto covered = live_.matching([&](const LiveToken& live) {
      return live.plan->shareable && reach.covers(*live.plan) &&
             withdrawals_.judge(live.token, *live.plan, live.position) !=
                 Withdrawals::Verdict::good;
    });
    for (const auto& live : covered) {
      forget(live, now);
      revocations_.add(live.token.share());
    }
  }
}

bool TokenKeeper::announce(Revocation revocation, const std::vector<LiveToken>& tokens,
                           Deadline deadline) {
  if (!parts_.fleet) return true;
  const Instant now = parts_.clock->now();
  std::vector<const LiveToken*> shared;
  for (const auto& live : tokens) {
    if (!live.plan || live.plan->shareable) shared.push_back(&live);
  }
  if (shared.empty() && !revocation.has_fence) return true;
  bool is_told = true;
  for (auto next = shared.begin();;) {
    // The fence comes last: who meets it knows by then of which tokens he need not tell upstream.
    const bool is_last = shared.end() - next <= std::ptrdiff_t{tombstones_max};
    Revocation part = is_last ? std::move(revocation) : Revocation{};
    if (part.id.empty()) part.id = parts_.fleet->new_id();
    part.at = now;
    part.until = std::max(part.until, now);
    for (; next != shared.end() && part.tombstones.size() < tombstones_max; ++next) {
      const auto& token = (*next)->token;
      part.tombstones.push_back({token.fingerprint(), end_of(token, now)});
      part.until = std::max(part.until, part.tombstones.back().until);
    }
    is_told = parts_.fleet->announce(std::move(part), deadline) && is_told;
    if (is_last) break;
  }
  // Out of the records too, so that nobody reads it there once its tombstone was thrown out.
  if (!is_told || shared.size() > records_erased_max) return is_told;
  for (const auto* live : shared) {
    if (live->plan) parts_.fleet->erase(live->plan->key, live->token.fingerprint());
  }
  return is_told;
}

void TokenKeeper::offer_held() {
  const auto held = live_.matching([](const LiveToken& live) { return live.plan->shareable; });
  std::size_t offered = 0;
  for (const auto& live : held) {
    if (stopper_.stopped() || ++offered > offered_max) return;
    auto cached = parts_.cache.find(live.plan->key);
    if (!cached || cached->token.fingerprint() != live.token.fingerprint()) continue;
    parts_.fleet->offer(*live.plan, *cached, live.position);
  }
}

}  // namespace valetkey::lifecycle
