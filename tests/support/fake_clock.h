// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time that moves only when a test says so.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "valetkey/time.h"

namespace valetkey::support {

/// Both clocks start at a fixed moment. `advance` moves both, `suspend` likewise (CLOCK_BOOTTIME
/// counts sleep), `step_wall` only the wall clock, as an operator or NTP does. Threads: any.
class FakeClock final : public Clock {
 public:
  Instant now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  WallTime wall_now() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }

  /// Waits until notified or until `advance` reaches `until`.
  void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
            Instant until) override {
    {
      const std::lock_guard inner(mutex_);
      if (now_ >= until) return;
      waiting_.push_back({&changed, lock.mutex()});
      arrived_.notify_all();
    }
    changed.wait(lock);
    const std::lock_guard inner(mutex_);
    const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Waiting& one) { return one.changed == &changed; });
    if (at != waiting_.end()) waiting_.erase(at);
  }

  void advance(std::chrono::nanoseconds by) {
    std::vector<Waiting> waking;
    {
      const std::lock_guard lock(mutex_);
      now_ += by;
      wall_ += by;
      waking = waiting_;
    }
    for (const auto& one : waking) {
      // Taking the waiter's mutex puts the notification after its wait has begun.
      { const std::lock_guard lock(*one.mutex); }
      one.changed->notify_all();
    }
  }

  void step_wall(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
  }

  /// Blocks until at least `count` threads wait on this clock.
  void await_waiters(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return waiting_.size() >= count; });
  }

 private:
  struct Waiting {
    std::condition_variable* changed;
    std::mutex* mutex;
  };

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Waiting> waiting_;
  Instant now_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'800'000'000)};
};

}  // namespace valetkey::support
