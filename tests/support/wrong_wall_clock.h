// SPDX-License-Identifier: Apache-2.0
#pragma once
// The machine's clock, with a wall clock that somebody set wrong.

#include <chrono>
#include <memory>

#include "valetkey/time.h"

namespace valetkey::support {

class WrongWallClock final : public Clock {
 public:
  explicit WrongWallClock(std::chrono::seconds off) : off_(off) {}
  Instant now() const override { return real_->now(); }
  WallTime wall_now() const override { return real_->wall_now() + off_; }
  void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
            Instant until) override {
    real_->wait(changed, lock, until);
  }

 private:
  const std::shared_ptr<Clock> real_ = make_system_clock();
  const std::chrono::seconds off_;
};

}  // namespace valetkey::support
