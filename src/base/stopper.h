// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting that a shutdown ends.

#include <condition_variable>
#include <memory>
#include <mutex>

#include "valetkey/time.h"

namespace valetkey::base {

/// Threads: any.
class Stopper {
 public:
  explicit Stopper(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

  /// Waits until `until`. False: stopped meanwhile. Blocks: until then.
  [[nodiscard]] bool wait_until(Instant until) {
    std::unique_lock lock(mutex_);
    while (!stopped_ && clock_->now() < until)
      clock_->wait(changed_, lock, until);
    return !stopped_;
  }

  [[nodiscard]] bool stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

 private:
  const std::shared_ptr<Clock> clock_;  // shared with the client
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace valetkey::base
