// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/revocation_queue.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr auto attempt_time_max = 10s;
constexpr auto retry_delay_first = 1s;
constexpr auto retry_delay_max = 60s;
constexpr auto idle_wait = std::chrono::hours(1);

std::chrono::nanoseconds delay_after(unsigned attempts) {
  const unsigned doublings = std::min(attempts == 0 ? 0U : attempts - 1U, 8U);
  return std::min<std::chrono::nanoseconds>(retry_delay_first * (1U << doublings), retry_delay_max);
}

bool pointless(const AccessToken& token, Instant now) {
  return token.expires_at() && *token.expires_at() <= now;
}

}  // namespace

RevocationQueue::RevocationQueue(Clock& clock, base::Executor& executor, TokenRevoker& revoker)
    : clock_(clock), executor_(executor), revoker_(revoker) {}

void RevocationQueue::start_courier() {
  if (!courier_.joinable() && !stopping_) courier_ = std::thread([this] { run(); });
}

void RevocationQueue::add(AccessToken token) {
  {
    const std::lock_guard lock(mutex_);
    const Fingerprint fingerprint = token.fingerprint();
    parcels_.try_emplace(fingerprint, Parcel{.token = std::move(token), .next_at = clock_.now()});
    start_courier();
  }
  changed_.notify_all();
}

std::vector<Fingerprint> RevocationQueue::take_due(Instant now, Instant& wake_at) {
  std::vector<Fingerprint> due;
  wake_at = now + idle_wait;
  std::erase_if(parcels_, [now](const auto& one) {
    return !one.second.under_way && pointless(one.second.token, now);
  });
  for (auto& [fingerprint, parcel] : parcels_) {
    if (parcel.under_way) continue;
    if (parcel.next_at <= now) {
      parcel.under_way = true;
      due.push_back(fingerprint);
    } else {
      wake_at = std::min(wake_at, parcel.next_at);
    }
  }
  return due;
}

void RevocationQueue::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Instant wake_at{};
    const auto due = take_due(clock_.now(), wake_at);
    if (due.empty()) {
      clock_.wait(changed_, lock, wake_at);
      continue;
    }
    lock.unlock();
    for (const auto& fingerprint : due) {
      executor_.post([this, fingerprint] { attempt(fingerprint); });
    }
    changed_.notify_all();
    lock.lock();
  }
}

void RevocationQueue::attempt(const Fingerprint& fingerprint) {
  std::optional<AccessToken> token;
  {
    const std::lock_guard lock(mutex_);
    const auto at = parcels_.find(fingerprint);
    if (at == parcels_.end() || stopping_) return;
    token.emplace(at->second.token.share());
  }
  const auto done = revoker_.revoke(*token, Deadline{clock_.now() + attempt_time_max});
  if (!done) {
    base::log(LogLevel::warning,
              "revocation of " + std::string(fingerprint.text()) +
                  " is not delivered yet and will be tried again: " + describe(done.error()));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto at = parcels_.find(fingerprint);
    if (at == parcels_.end()) return;
    if (done) {
      ++delivered_;
      parcels_.erase(at);
    } else {
      Parcel& parcel = at->second;
      parcel.under_way = false;
      ++parcel.attempts;
      parcel.next_at = clock_.now() + delay_after(parcel.attempts);
      parcel.last_error = describe(done.error());
    }
  }
  changed_.notify_all();
}

std::size_t RevocationQueue::await(const std::vector<Fingerprint>& fingerprints,
                                   Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto undelivered = [&] {
    return std::count_if(fingerprints.begin(), fingerprints.end(),
                         [&](const Fingerprint& one) { return parcels_.contains(one); });
  };
  while (undelivered() != 0 && !stopping_ && !deadline.passed(clock_.now())) {
    clock_.wait(changed_, lock, deadline.at);
  }
  return static_cast<std::size_t>(undelivered());
}

std::vector<PendingRevocation> RevocationQueue::pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<PendingRevocation> listed;
  listed.reserve(parcels_.size());
  for (const auto& [fingerprint, parcel] : parcels_) {
    listed.push_back({.fingerprint = fingerprint,
                      .provider = parcel.token.provider(),
                      .subject = parcel.token.subject(),
                      .attempts = parcel.attempts,
                      .last_error = parcel.last_error});
  }
  return listed;
}

std::uint64_t RevocationQueue::delivered() const {
  const std::lock_guard lock(mutex_);
  return delivered_;
}

void RevocationQueue::stop() {
  std::thread joining;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    joining.swap(courier_);
  }
  changed_.notify_all();
  if (joining.joinable()) joining.join();
}

}  // namespace valetkey::lifecycle
