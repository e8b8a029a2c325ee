// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time that moves only when a test says so.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

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

  /// Waits until notified or until `advance` reaches `until`; may wake early, as its contract says.
  void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
            Instant until) override {
    std::list<Waiter>::iterator self;
    {
      const std::lock_guard inner(mutex_);
      if (now_ >= until) return;
      self = waiting_.insert(waiting_.end(), {&changed, until});
      arrived_.notify_all();
    }
    // The bound mends a wake-up lost between the registration and the wait; nothing rests on it.
    changed.wait_for(lock, std::chrono::milliseconds(200));
    const std::lock_guard inner(mutex_);
    waiting_.erase(self);
  }

  void advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    wall_ += by;
    for (const auto& waiter : waiting_)
      waiter.changed->notify_all();
  }

  void step_wall(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
  }

  /// How many threads wait for a time that has not come. One whose time has come is not among them,
  /// however long it takes to wake.
  std::size_t waiters() const {
    const std::lock_guard lock(mutex_);
    return count();
  }

  /// Blocks until at least `count` threads wait on this clock.
  void await_waiters(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return this->count() >= count; });
  }

 private:
  struct Waiter {
    std::condition_variable* changed;
    Instant until;
  };

  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(waiting_.begin(), waiting_.end(),
                      [&](const Waiter& waiter) { return waiter.until > now_; }));
  }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Waiter> waiting_;
  Instant now_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'800'000'000)};
};

}  // namespace valetkey::support
