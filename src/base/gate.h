// SPDX-License-Identifier: Apache-2.0
#pragma once
// So many at once, and no more.

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "valetkey/time.h"

namespace valetkey::base {

/// Threads: any.
class Gate {
 public:
  Gate(std::shared_ptr<Clock> clock, std::size_t inside_max)
      : clock_(std::move(clock)), inside_max_(inside_max) {}

  /// One who is inside; he leaves when this dies. False: he did not get in.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  /// Blocks: until there is room, at most until the deadline.
  [[nodiscard]] Pass enter(Deadline deadline) {
    std::unique_lock lock(mutex_);
    while (inside_ >= inside_max_) {
      if (deadline.passed(clock_->now())) return Pass(nullptr);
      clock_->wait(changed_, lock, deadline.at);
    }
    ++inside_;
    return Pass(this);
  }

 private:
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      --inside_;
    }
    changed_.notify_one();
  }

  const std::shared_ptr<Clock> clock_;  // shared with the client
  const std::size_t inside_max_;
  std::mutex mutex_;  // guards inside_
  std::condition_variable changed_;
  std::size_t inside_ = 0;
};

}  // namespace valetkey::base
