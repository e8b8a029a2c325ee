// SPDX-License-Identifier: Apache-2.0
// The fleet's clock, its look into the log of revocations, and the thread that keeps both fresh.
#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "lifecycle/fleet.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr auto clock_interval = 60s;
/// A machine whose clock agrees with the server's this well is kept in time by somebody, and its
/// own clock is finer than the whole seconds that some servers count in.
constexpr std::chrono::nanoseconds clock_agreement = 1500ms;
constexpr std::size_t sent_at_once_max = 64;
constexpr std::size_t own_max = 4096;
constexpr std::size_t own_tombstones_max = 250'000;

void forget_oldest(std::vector<Revocation>& own) {
  std::size_t tombstones = 0;
  std::size_t kept = 0;
  while (kept < own.size() && kept < own_max && tombstones < own_tombstones_max) {
    tombstones += own[own.size() - ++kept].tombstones.size();
  }
  own.erase(own.begin(), own.end() - static_cast<std::ptrdiff_t>(kept));
}

}  // namespace

Fleet::Fleet(FleetParts parts, FleetOptions options)
    : parts_(std::move(parts)),
      options_(options),
      log_(*parts_.store),
      stopper_(parts_.clock),
      // Nothing was looked at yet, and nothing is held yet.
      confirmed_at_(Instant::min().time_since_epoch().count()) {}

void Fleet::start(FleetMember& member) {
  member_ = &member;
  look(question_deadline());  // what is revoked is known before anything is served
  try {
    watcher_ = std::thread([this] { watch(); });
  } catch (const std::system_error&) {
    base::log(LogLevel::warning,
              "no thread is to be had to watch the shared cache; revocations are looked for as "
              "tokens are asked for");
  }
  if (parts_.bell) {
    // A look of its own, and not one that began before the ring.
    parts_.bell->listen([this] {
      look_now(question_deadline());
      return !away_.load(std::memory_order_relaxed);
    });
  }
}

void Fleet::stop() {
  stopper_.stop();
  if (parts_.bell) parts_.bell->stop();
  if (watcher_.joinable()) watcher_.join();
  if (offerer_.joinable()) offerer_.join();
}

void Fleet::watch() {
  const auto interval = [this] {
    return away_.load(std::memory_order_relaxed) ? options_.look_interval / 4
                                                 : options_.look_interval;
  };
  while (stopper_.wait_until(parts_.clock->now() + interval())) {
    look(question_deadline());
    if (must_write_again_.exchange(false)) write_again();
    resend();
    renew_leases();
  }
}

bool Fleet::is_current(Instant now) const noexcept {
  // Rule C8: while no server answers, nobody waits for one.
  if (away_.load(std::memory_order_relaxed)) return true;
  if (parts_.bell && parts_.bell->hearing() == SharedBell::Hearing::deaf) return false;
  const Instant confirmed{std::chrono::nanoseconds(confirmed_at_.load(std::memory_order_acquire))};
  return now < confirmed + options_.horizon;
}

Result<ClockOffset> Fleet::offset() {
  const auto known = state_.with([](const State& state) { return state.offset; });
  if (known) return *known;
  return measure_offset();
}

Result<ClockOffset> Fleet::measure_offset() {
  const Instant before = parts_.clock->now();
  auto theirs = parts_.store->time(question_deadline());
  if (!theirs) return failure_of(std::move(theirs));
  const Instant after = parts_.clock->now();
  const WallTime ours = parts_.clock->wall_now();
  const auto apart = *theirs - ours;
  const bool agree = apart < clock_agreement && apart > -clock_agreement;
  const ClockOffset measured =
      agree ? ours.time_since_epoch() - after.time_since_epoch()
            : theirs->time_since_epoch() - (before + (after - before) / 2).time_since_epoch();
  state_.with([&](State& state) {
    state.offset = measured;
    state.offset_at = after;
  });
  return measured;
}

void Fleet::note_away(const Error& error) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  away_.store(true, std::memory_order_relaxed);
  state_.with([&](State& state) { state.last_error = describe(error); });
}

void Fleet::absorb(std::vector<SharedStore::Found> heads, ClockOffset offset, Instant asked_at) {
  for (;;) {
    std::vector<RevocationLog::Progress> progress;
    auto look = log_.read(std::move(heads), offset, progress, question_deadline());
    if (!look.news.empty()) {
      learnt_.fetch_add(look.news.size(), std::memory_order_relaxed);
      member_->learn(look.news);
    }
    log_.noted(progress);
    if (look.was_lost) must_write_again_.store(true);
    if (!look.answered) {
      if (look.error) note_away(*look.error);
      return;
    }
    if (!look.has_more) break;
    if (stopper_.stopped()) return;
    heads = parts_.store->get(log_.head_names(), question_deadline());
  }
  // Only now: whoever finds it confirmed must find the news applied.
  confirm(asked_at);
}

void Fleet::confirm(Instant asked_at) {
  auto known = confirmed_at_.load(std::memory_order_relaxed);
  const auto asked = asked_at.time_since_epoch().count();
  while (known < asked &&
         !confirmed_at_.compare_exchange_weak(known, asked, std::memory_order_release)) {
  }
  away_.store(false, std::memory_order_relaxed);
}

void Fleet::look(Deadline deadline) {
  {
    std::unique_lock lock(looking_);
    if (is_looking_) {
      while (is_looking_ && !deadline.passed(parts_.clock->now())) {
        parts_.clock->wait(has_looked_, lock, deadline.at);
      }
      return;
    }
    is_looking_ = true;
  }
  look_now(deadline);
  {
    const std::lock_guard lock(looking_);
    is_looking_ = false;
  }
  has_looked_.notify_all();
}

void Fleet::look_now(Deadline deadline) {
  const Instant now = parts_.clock->now();
  const bool is_due = state_.with([now](const State& state) {
    return !state.offset || state.offset_at + clock_interval <= now;
  });
  auto offset = this->offset();
  if (offset && is_due) {
    if (auto measured = measure_offset()) offset = *measured;
  }
  if (!offset) return note_away(offset.error());
  const Instant asked_at = parts_.clock->now();
  absorb(parts_.store->get(log_.head_names(), deadline.sooner(question_deadline())), *offset,
         asked_at);
}

bool Fleet::announce(Revocation revocation, Deadline deadline) {
  const Instant now = parts_.clock->now();
  auto copies = log_.all_copies();
  const std::size_t all = copies.size();
  auto offset = this->offset();
  if (offset) {
    (void)log_.append(revocation, parts_.make_id(), copies, *offset, now,
                      [&] { return deadline.sooner(question_deadline()); });
  }
  const bool is_shared = copies.size() < all;
  state_.with([&](State& state) {
    std::erase_if(state.own, [now](const Revocation& one) { return one.until <= now; });
    forget_oldest(state.own);
    if (!copies.empty()) state.unsent.push_back({revocation, copies});
    if (state.unsent.size() > own_max) {
      state.unsent.erase(state.unsent.begin());
      ++state.never_sent;
    }
    state.own.push_back(std::move(revocation));
  });
  if (!is_shared) {
    base::log(LogLevel::warning,
              "a revocation has not reached the other processes yet: the shared cache is away; it "
              "is tried again until it has, or until what was revoked has ended by itself");
  } else if (parts_.bell) {
    const Deadline patience = deadline.sooner({parts_.clock->now() + options_.horizon});
    const auto heard = parts_.bell->ring(patience);
    // Rule R3. Whoever has not said that he heard looks by himself before this time is over.
    if (!heard || !*heard) (void)stopper_.wait_until(patience.at);
  }
  return is_shared;
}

// What was written into a cache that was emptied is gone from it, and others may not have read it.
void Fleet::write_again() {
  const Instant now = parts_.clock->now();
  state_.with([&](State& state) {
    state.unsent.clear();  // ours too, and to be written everywhere now
    for (const auto& revocation : state.own) {
      if (revocation.until > now) state.unsent.push_back({revocation, log_.all_copies()});
    }
  });
  // Not on this thread: it has leases to renew, and may have much to offer.
  if (is_offering_.exchange(true)) return;
  if (offerer_.joinable()) offerer_.join();
  try {
    offerer_ = std::thread([this] {
      member_->offer_held();
      is_offering_.store(false);
    });
  } catch (const std::system_error&) {
    is_offering_.store(false);  // others fetch what is not offered
  }
}

void Fleet::resend() {
  if (away_.load(std::memory_order_relaxed)) return;
  const Instant now = parts_.clock->now();
  // Some at a time: the watch has leases to renew, too.
  const auto unsent = state_.with([now](State& state) {
    std::erase_if(state.unsent, [now](const Unsent& one) { return one.revocation.until <= now; });
    const auto count = std::min(state.unsent.size(), sent_at_once_max);
    return std::vector<Unsent>(state.unsent.begin(),
                               state.unsent.begin() + static_cast<std::ptrdiff_t>(count));
  });
  if (unsent.empty()) return;
  auto offset = this->offset();
  if (!offset) return;
  bool has_sent = false;
  for (const auto& [revocation, missing] : unsent) {
    auto copies = missing;
    (void)log_.append(revocation, parts_.make_id(), copies, *offset, now,
                      [this] { return question_deadline(); });
    has_sent |= copies.size() < missing.size();
    state_.with([&, &id = revocation.id](State& state) {
      const auto at = std::find_if(state.unsent.begin(), state.unsent.end(),
                                   [&](const Unsent& one) { return one.revocation.id == id; });
      if (at == state.unsent.end()) return;
      at->copies = copies;
      if (copies.empty()) state.unsent.erase(at);
    });
    if (stopper_.stopped()) return;
  }
  if (has_sent && parts_.bell) (void)parts_.bell->ring(question_deadline());
}

SharedCacheStatus Fleet::status() const {
  SharedCacheStatus status;
  status.servers = parts_.store->description();
  status.reachable = !away_.load(std::memory_order_relaxed) &&
                     confirmed_at_.load() != Instant::min().time_since_epoch().count();
  if (parts_.bell) {
    const auto hearing = parts_.bell->hearing();
    if (hearing == SharedBell::Hearing::listening) status.hears = "at once";
    if (hearing == SharedBell::Hearing::deaf) status.hears = "deaf";
  }
  state_.with([&](const State& state) {
    if (!status.reachable) status.last_error = state.last_error;
    status.untold = state.unsent.size() + state.never_sent;
  });
  status.hits = hits_.load(std::memory_order_relaxed);
  status.waits = waits_.load(std::memory_order_relaxed);
  status.taken_over = taken_over_.load(std::memory_order_relaxed);
  status.refused_writes = refused_writes_.load(std::memory_order_relaxed);
  status.failures = failures_.load(std::memory_order_relaxed);
  status.learnt = learnt_.load(std::memory_order_relaxed);
  return status;
}

}  // namespace valetkey::lifecycle
