// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/fleet.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr unsigned contests_max = 32;  ///< writes of one record that others may win before us
constexpr std::chrono::nanoseconds pause_first = 5ms;
constexpr std::chrono::nanoseconds pause_max = 200ms;
constexpr std::chrono::nanoseconds gone_check_interval = 250ms;
constexpr auto time_tolerance = 5s;  ///< of clocks that are set and measured by different hands
constexpr auto token_age_max = 24h;  ///< as long as a fence stands
constexpr auto lease_max = 1h;
constexpr auto failure_max = 2h;
constexpr auto proven_max = 25h;

std::string record_name(const std::string& key) {
  return "token:" + key;
}

// What the authorization server said. That it cannot be reached may be the fault of this machine's
// network, and no other need suffer for it.
bool is_for_everyone(Errc code) {
  switch (code) {
    case Errc::invalid_request:
    case Errc::invalid_client:
    case Errc::invalid_grant:
    case Errc::unauthorized_client:
    case Errc::unsupported_grant_type:
    case Errc::invalid_scope:
    case Errc::invalid_target:
    case Errc::access_denied:
    case Errc::throttled:
      return true;
    default:
      return false;
  }
}

/// What no process could have written at this time: the server's clock was set back since.
void forget_impossible(SharedRecord& record, Instant now) {
  if (record.lease && record.lease->until > now + lease_max) record.lease.reset();
  if (record.failure && record.failure->until > now + failure_max) record.failure.reset();
  if (record.forced_at && *record.forced_at > now + time_tolerance) record.forced_at.reset();
  if (record.proven_until && *record.proven_until > now + proven_max) record.proven_until.reset();
}

Fleet::Seat seat_alone() {
  Fleet::Seat seat;
  seat.is_alone = true;
  return seat;
}

Fleet::Seat seat_cancelled() {
  Fleet::Seat seat;
  seat.step = BoardingStep::fail;
  seat.failure.emplace();
  seat.failure->error = {.code = Errc::cancelled, .context = "valetkey is shutting down"};
  return seat;
}

}  // namespace

Deadline Fleet::question_deadline() const {
  return {parts_.clock->now() + options_.question_time};
}

Result<Fleet::Loaded> Fleet::load(const std::string& key) {
  auto offset = this->offset();
  if (!offset) {
    note_away(offset.error());
    return failure_of(std::move(offset));
  }
  std::vector<StoredName> names{{record_name(key)}};
  const auto& heads = log_.head_names();
  names.insert(names.end(), heads.begin(), heads.end());
  const Instant asked_at = parts_.clock->now();
  auto found = parts_.store->get(names, question_deadline());
  auto first = std::move(found.front());
  found.erase(found.begin());
  absorb(std::move(found), *offset, asked_at);
  if (!first) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    return failure_of(std::move(first));
  }
  Loaded loaded;
  if (!*first) return loaded;
  loaded.version = std::move((*first)->version);
  // What another version of valetkey wrote is as good as nothing, and is written over.
  if (auto record = decode_record((*first)->bytes, *offset)) loaded.record = std::move(*record);
  return loaded;
}

Result<bool> Fleet::save(const std::string& key, const std::string& version,
                         const SharedRecord& record) {
  auto offset = this->offset();
  if (!offset) return failure_of(std::move(offset));
  const Instant now = parts_.clock->now();
  auto saved = parts_.store->put({record_name(key)}, version, encode_record(record, *offset),
                                 life_of(record, now, options_.policy), question_deadline());
  if (!saved) failures_.fetch_add(1, std::memory_order_relaxed);
  return saved;
}

Result<void> Fleet::update(const std::string& key,
                           const std::function<bool(SharedRecord&)>& change) {
  for (unsigned tried = 0; tried < contests_max; ++tried) {
    auto loaded = load(key);
    if (!loaded) return failure_of(std::move(loaded));
    if (!change(loaded->record)) return {};
    auto saved = save(key, loaded->version, loaded->record);
    if (!saved) return failure_of(std::move(saved));
    if (*saved) return {};
  }
  return fail(Errc::timed_out, "a value of the shared cache is written to by too many at once");
}

// SECURITY: what the seal lets through was written by a holder of the key; that it is this plan's
// token all the same is not left to every writer's care.
bool Fleet::is_good_for(const SharedRecord& record, const Plan& plan) {
  const AccessToken& token = record.token->token;
  const Instant now = parts_.clock->now();
  const Instant sent_at = token.fields().sent_at;
  // From the future: the server's clock was set back. From long ago: no fence stands so long.
  if (sent_at > now + time_tolerance || sent_at + token_age_max < now) return false;
  return token.provider() == plan.request.provider && token.subject() == plan.request.subject &&
         !member_->is_withdrawn(token, plan, record.token_position);
}

std::optional<Fleet::Seat> Fleet::try_board(const Plan& plan, const Wish& wish, bool holder_is_gone,
                                            std::string& holder) {
  auto loaded = load(plan.key);
  if (!loaded) return seat_alone();
  SharedRecord& record = loaded->record;
  if (record.token && !is_good_for(record, plan)) record.token.reset();
  const Instant now = parts_.clock->now();
  forget_impossible(record, now);
  const std::string self = parts_.self + wish.salt;
  const auto [step, is_forced] =
      next_boarding(record, wish, self, holder_is_gone, now, options_.policy);
  Seat seat;
  seat.step = step;
  switch (step) {
    case BoardingStep::wait:
      holder = record.lease->owner;
      return std::nullopt;
    case BoardingStep::fail:
      if (record.failure && record.failure->credentials == wish.credentials &&
          now < record.failure->until) {
        seat.failure = std::move(record.failure);
      }
      return seat;
    case BoardingStep::serve:
      hits_.fetch_add(1, std::memory_order_relaxed);
      seat.token_position = std::move(record.token_position);
      seat.token = std::move(record.token);  // credentials that are proven have none
      return seat;
    case BoardingStep::fetch:
      break;
  }
  const bool is_over_the_dead = record.lease && now < record.lease->until;
  take_lease(record, wish, self, is_forced, now, options_.lease);
  seat.owner = self;
  seat.lease = record.lease->number;
  seat.position = log_.position();
  auto saved = save(plan.key, loaded->version, record);
  if (saved && !*saved) return std::nullopt;  // somebody else was faster; what he did is read next
  // Not answered is not refused: the lease may be ours, and then others wait for its end.
  if (is_over_the_dead) taken_over_.fetch_add(1, std::memory_order_relaxed);
  state_.with([&](State& state) {
    state.held[plan.key] = {
        .owner = seat.owner, .number = seat.lease, .renew_at = now + options_.lease / 3};
  });
  const bool is_rejected = record.token && record.rejected == record.token->token.fingerprint();
  if (record.token && !is_rejected && zone_of(record.token->lifetime, now) != Zone::dead) {
    seat.token_position = std::move(record.token_position);
    seat.token = std::move(record.token);
  }
  return seat;
}

Fleet::Seat Fleet::board(const Plan& plan, const Wish& wish) {
  const Instant began = parts_.clock->now();
  std::chrono::nanoseconds pause = pause_first;
  std::string holder;
  std::string gone;  // a holder who has ended
  Instant gone_check_at = began;
  for (bool has_waited = false;;) {
    if (stopper_.stopped()) return seat_cancelled();
    auto seat = try_board(plan, wish, !gone.empty() && gone == holder, holder);
    if (seat) return std::move(*seat);
    if (!std::exchange(has_waited, true)) waits_.fetch_add(1, std::memory_order_relaxed);
    const Instant now = parts_.clock->now();
    // Leases end, or are renewed by flights that end: the longest wait is for what should not be.
    if (now - began >= wish.patience.value_or(options_.lease * 3)) return seat_alone();
    if (parts_.is_gone && !holder.empty() && gone != holder && now >= gone_check_at) {
      gone_check_at = now + gone_check_interval;
      if (parts_.is_gone(holder)) {
        gone = holder;
        continue;
      }
    }
    const auto jittered =
        pause / 2 + std::chrono::nanoseconds(static_cast<std::int64_t>(
                        static_cast<double>(pause.count()) / 2 * parts_.jitter()));
    if (!stopper_.wait_until(now + jittered)) return seat_cancelled();
    pause = std::min(pause * 8 / 5, pause_max);
  }
}

void Fleet::end_lease(const std::string& key, std::uint64_t number, bool is_certain) {
  state_.with([&](State& state) {
    const auto at = state.held.find(key);
    if (at == state.held.end() || at->second.number != number) return;
    if (is_certain) {
      state.held.erase(at);
    } else {
      at->second.is_over = true;  // the watch gives it back when the servers answer
    }
  });
}

Fleet::Landed Fleet::land(const Plan& plan, const Seat& seat, const CachedToken& token,
                          const std::function<bool()>& keep) {
  bool is_certain = true;
  Landed landed = land_on(plan, seat, token, keep, is_certain);
  end_lease(plan.key, seat.lease, is_certain);
  return landed;
}

Fleet::Landed Fleet::land_on(const Plan& plan, const Seat& seat, const CachedToken& token,
                             const std::function<bool()>& keep, bool& is_certain) {
  std::optional<bool> is_kept;
  bool fits = true;
  for (unsigned tried = 0; tried < contests_max; ++tried) {
    auto loaded = load(plan.key);
    if (!is_kept) is_kept = keep();
    is_certain = loaded.has_value();
    if (!loaded) return {*is_kept ? Landing::alone : Landing::withdrawn};
    SharedRecord& record = loaded->record;
    const bool was_emptied = record.leases == 0;  // thrown out meanwhile, with our lease in it
    if (!was_emptied && !holds_lease(record, seat.owner, seat.lease)) {
      if (!*is_kept) return {Landing::withdrawn};
      refused_writes_.fetch_add(1, std::memory_order_relaxed);
      base::log(LogLevel::info, "another process went on with a key whose lease had run out here");
      Landed landed{Landing::superseded};
      if (record.token && zone_of(record.token->lifetime, parts_.clock->now()) != Zone::dead) {
        landed.position = std::move(record.token_position);
        landed.instead = std::move(record.token);
      }
      return landed;
    }
    if (*is_kept && fits) {
      land_token(record, token.share(), seat.position);
      record.leases = std::max(record.leases, seat.lease);
    } else if (was_emptied) {
      return {*is_kept ? Landing::alone : Landing::withdrawn};
    } else {
      record.lease.reset();
    }
    auto saved = save(plan.key, loaded->version, record);
    if (!saved && saved.error().code == Errc::exhausted && fits) {
      // The server will not take it. The lease is given back, or others would wait for nothing.
      fits = false;
      if (!refusal_told_.exchange(true)) {
        base::log(LogLevel::warning,
                  describe(saved.error()) + "; such tokens are fetched by each process for itself");
      }
      continue;
    }
    is_certain = saved && *saved;
    if (!saved) return {*is_kept ? Landing::alone : Landing::withdrawn};
    if (*saved) return {!*is_kept ? Landing::withdrawn : fits ? Landing::shared : Landing::alone};
  }
  return {is_kept.value_or(false) ? Landing::alone : Landing::withdrawn};
}

void Fleet::give_back(const Plan& plan, const Seat& seat, const Error& error,
                      const std::string& credentials) {
  const double jitter = parts_.jitter();
  const auto done = update(plan.key, [&](SharedRecord& record) {
    if (!holds_lease(record, seat.owner, seat.lease)) return false;
    record.lease.reset();
    if (is_for_everyone(error.code)) {
      const Instant now = parts_.clock->now();
      SharedFailure failure{.error = error, .credentials = credentials};
      failure.count = record.failure ? record.failure->count + 1 : 1;
      failure.until = now + failure_memory(error, failure.count, options_.policy, jitter);
      record.failure = std::move(failure);
    }
    return true;
  });
  end_lease(plan.key, seat.lease, done.has_value());
}

void Fleet::note_proven(const Plan& plan, const Seat& seat, std::chrono::nanoseconds for_how_long) {
  const auto done = update(plan.key, [&](SharedRecord& record) {
    if (record.lease && !holds_lease(record, seat.owner, seat.lease)) return false;
    record.lease.reset();
    record.failure.reset();
    record.proven_until = parts_.clock->now() + for_how_long;
    return true;
  });
  end_lease(plan.key, seat.lease, done.has_value());
}

std::optional<CachedToken> Fleet::find(const std::string& key) {
  auto loaded = load(key);
  if (!loaded) return std::nullopt;
  return std::move(loaded->record.token);
}

void Fleet::offer(const Plan& plan, const CachedToken& token,
                  const std::optional<LogPosition>& position) {
  // Errors: what is not stored costs a fetch and never an answer.
  (void)update(plan.key, [&](SharedRecord& record) {
    if (record.token || record.lease) return false;
    record.token.emplace(token.share());
    record.token_position = position;
    // The record was read with the log: what is revoked by now is known by now.
    return is_good_for(record, plan);
  });
}

void Fleet::erase(const std::string& key, const Fingerprint& fingerprint) {
  // Errors: whoever reads it finds its tombstone in the log.
  (void)update(key, [&](SharedRecord& record) {
    if (!record.token || record.token->token.fingerprint() != fingerprint) return false;
    record.token.reset();
    record.token_position.reset();
    return true;
  });
}

void Fleet::renew_leases() {
  if (away_.load(std::memory_order_relaxed)) return;
  const Instant now = parts_.clock->now();
  const auto due = state_.with([now, this](State& state) {
    std::vector<std::pair<std::string, Held>> found;
    for (auto& [key, held] : state.held) {
      if (!held.is_over && now < held.renew_at) continue;
      held.renew_at = now + options_.lease / 3;
      found.emplace_back(key, held);
    }
    return found;
  });
  for (const auto& [key, held] : due) {
    const auto done = update(key, [&, &held = held](SharedRecord& record) {
      if (!holds_lease(record, held.owner, held.number)) return false;
      if (held.is_over) {
        record.lease.reset();
      } else {
        record.lease->until = parts_.clock->now() + options_.lease;
      }
      return true;
    });
    if (done && held.is_over) end_lease(key, held.number, true);
    if (stopper_.stopped()) return;
  }
}

}  // namespace valetkey::lifecycle
