// SPDX-License-Identifier: Apache-2.0
// The one file that asks the machine what time it is.
#include <ctime>

#include "valetkey/time.h"

namespace valetkey {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) noexcept {
  timespec read{};
  clock_gettime(id, &read);
  return std::chrono::seconds(read.tv_sec) + std::chrono::nanoseconds(read.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  Instant now() const override { return Instant(read_clock(CLOCK_BOOTTIME)); }
  WallTime wall_now() const override { return WallTime(read_clock(CLOCK_REALTIME)); }

  void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
            Instant until) override {
    const auto left = Deadline{until}.left(now());
    if (left > std::chrono::nanoseconds::zero()) changed.wait_for(lock, left);
  }
};

}  // namespace

std::shared_ptr<Clock> make_system_clock() {
  return std::make_shared<SystemClock>();
}

Deadline deadline_in(std::chrono::nanoseconds from_now) {
  return Deadline{SystemClock().now() + from_now};
}

}  // namespace valetkey
