// SPDX-License-Identifier: Apache-2.0
#pragma once
// The emulator's clock: the machine's, moved as the tests like.

#include <chrono>
#include <memory>
#include <string>

#include "valetkey/time.h"

namespace valetkey::emulator {

/// `advance` makes everything older; `set_skew` only makes the clock on the wall disagree with the
/// world's: what assertions are held against, and what the Date header says.
class EmulatedClock {
 public:
  explicit EmulatedClock(std::shared_ptr<const Clock> machine);

  [[nodiscard]] Instant now() const { return machine_->now() + advanced_; }
  [[nodiscard]] WallTime wall() const { return wall_at_start_ + (now() - started_) + skew_; }

  void advance(std::chrono::seconds by) { advanced_ += by; }
  void set_skew(std::chrono::seconds skew) { skew_ = skew; }
  void reset();

 private:
  std::shared_ptr<const Clock> machine_;  // shared with whoever else tells time by it
  Instant started_;
  WallTime wall_at_start_;
  std::chrono::seconds advanced_{0};
  std::chrono::seconds skew_{0};
};

/// RFC 9110 §5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(WallTime time);
/// RFC 3339 with a numeric offset, as Box writes times.
[[nodiscard]] std::string format_timestamp(WallTime time);
[[nodiscard]] std::int64_t unix_seconds(WallTime time);

}  // namespace valetkey::emulator
