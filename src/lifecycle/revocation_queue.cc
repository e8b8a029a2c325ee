// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/revocation_queue.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "lifecycle/policy.h"

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

// What no repetition mends: the provider has nowhere to send it, or knows no such operation.
bool never_to_be_taken(Errc code) {
  return code == Errc::misconfigured || code == Errc::invalid_argument;
}

}  // namespace

RevocationQueue::RevocationQueue(Clock& clock, base::Executor& executor, TokenRevoker& revoker,
                                 std::size_t parcels_max)
    : clock_(clock), executor_(executor), revoker_(revoker), parcels_max_(parcels_max) {}

void RevocationQueue::start_courier() {
  if (courier_.joinable() || stopping_) return;
  try {
    courier_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    // No thread is to be had; the next revocation tries again, and this one stays pending.
  }
}

void RevocationQueue::schedule(const Fingerprint& fingerprint, const Parcel& parcel) {
  due_.emplace(std::min(parcel.next_at, parcel.end), fingerprint);
}

RevocationQueue::DeliveryPtr RevocationQueue::add(AccessToken token) {
  auto delivery = std::make_shared<Delivery>();
  const Instant now = clock_.now();
  const Fingerprint fingerprint = token.fingerprint();
  const Instant end = end_of(token, now);
  if (end <= now) {
    delivery->state = DeliveryState::ended;
    return delivery;
  }
  {
    const std::lock_guard lock(mutex_);
    const auto held = parcels_.find(fingerprint);
    if (held != parcels_.end()) return held->second.delivery;
    if (parcels_.size() >= parcels_max_ || stopping_) {
      delivery->state = DeliveryState::refused;
      delivery->error = Error{.code = Errc::exhausted,
                              .context = "too many revocations are waiting",
                              .hint = "look at the provider with `valetkey doctor`"};
      return delivery;
    }
    Parcel parcel{.token = std::move(token), .delivery = delivery, .end = end, .next_at = now};
    schedule(fingerprint, parcel);
    parcels_.emplace(fingerprint, std::move(parcel));
    start_courier();
  }
  changed_.notify_all();
  return delivery;
}

std::vector<Fingerprint> RevocationQueue::take_due(Instant now, Instant& wake_at) {
  std::vector<Fingerprint> due;
  while (!due_.empty() && due_.begin()->first <= now) {
    const Fingerprint fingerprint = due_.begin()->second;
    due_.erase(due_.begin());
    const auto at = parcels_.find(fingerprint);
    if (at == parcels_.end()) continue;
    if (at->second.end <= now) {
      at->second.delivery->state = DeliveryState::ended;
      parcels_.erase(at);
      changed_.notify_all();
      continue;
    }
    due.push_back(fingerprint);
  }
  wake_at = due_.empty() ? now + idle_wait : due_.begin()->first;
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
    base::log(LogLevel::warning, "revocation of " + std::string(fingerprint.text()) +
                                     " is not delivered: " + describe(done.error()));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto at = parcels_.find(fingerprint);
    if (at == parcels_.end()) return;
    settle(at->second, done, clock_.now());
    if (at->second.delivery->state == DeliveryState::pending) {
      schedule(fingerprint, at->second);
    } else {
      parcels_.erase(at);
    }
  }
  changed_.notify_all();
}

void RevocationQueue::settle(Parcel& parcel, const Result<void>& done, Instant now) {
  Delivery& delivery = *parcel.delivery;
  ++parcel.attempts;
  if (done) {
    ++delivered_;
    delivery.state = DeliveryState::delivered;
    return;
  }
  delivery.error = done.error();
  if (never_to_be_taken(done.error().code)) {
    delivery.state = DeliveryState::refused;
    return;
  }
  delivery.is_stuck = remedy_for(done.error().code) != Remedy::retry;
  parcel.next_at = now + delay_after(parcel.attempts);
}

RevocationReport RevocationQueue::await(const std::vector<DeliveryPtr>& deliveries,
                                        Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto is_worth_waiting = [](const DeliveryPtr& one) {
    return one->state == DeliveryState::pending && !one->is_stuck;
  };
  while (std::any_of(deliveries.begin(), deliveries.end(), is_worth_waiting) && !stopping_ &&
         !deadline.passed(clock_.now())) {
    clock_.wait(changed_, lock, deadline.at);
  }
  RevocationReport report;
  for (const auto& one : deliveries) {
    switch (one->state) {
      case DeliveryState::delivered:
        ++report.delivered;
        break;
      case DeliveryState::pending:
        ++report.pending;
        break;
      case DeliveryState::ended:
        ++report.ended;
        break;
      case DeliveryState::refused:
        ++report.refused;
        break;
    }
    if (one->error && one->state != DeliveryState::delivered) report.last_error = *one->error;
  }
  return report;
}

std::vector<PendingRevocation> RevocationQueue::pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<PendingRevocation> listed;
  listed.reserve(parcels_.size());
  for (const auto& [fingerprint, parcel] : parcels_) {
    const auto& error = parcel.delivery->error;
    listed.push_back({.fingerprint = fingerprint,
                      .provider = parcel.token.provider(),
                      .subject = parcel.token.subject(),
                      .attempts = parcel.attempts,
                      .last_error = error ? describe(*error) : std::string()});
  }
  return listed;
}

std::uint64_t RevocationQueue::delivered() const {
  const std::lock_guard lock(mutex_);
  return delivered_;
}

void RevocationQueue::stop() {
  std::thread joining;
  std::size_t undelivered = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) undelivered = parcels_.size();
    stopping_ = true;
    joining.swap(courier_);
  }
  changed_.notify_all();
  if (joining.joinable()) joining.join();
  if (undelivered != 0) {
    base::log(LogLevel::error, std::to_string(undelivered) +
                                   " revocations were not delivered before the end; these tokens "
                                   "stay good at the provider until they expire");
  }
}

}  // namespace valetkey::lifecycle
