// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two kinds of time that the compiler keeps apart, the clock that tells both, and deadlines.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace valetkey {

/// CLOCK_BOOTTIME: counts while the machine is suspended, so a token that died in the night is dead
/// in the morning. Has no `now()`: time is an argument, and only a Clock makes it.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

/// For "in how long". Has no meaning outside this boot of this machine.
using Instant = BootClock::time_point;
/// For what is shown to people, written down or sent: the clock on the wall.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The latest instant at which an operation may still be waiting.
struct Deadline {
  Instant at;

  [[nodiscard]] bool passed(Instant now) const noexcept { return now >= at; }
  [[nodiscard]] std::chrono::nanoseconds left(Instant now) const noexcept {
    return now >= at ? std::chrono::nanoseconds::zero() : at - now;
  }
  [[nodiscard]] Deadline sooner(Deadline other) const noexcept {
    return other.at < at ? other : *this;
  }
};

/// Where time comes from. Only the outermost object owns one. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;

  /// Waits on `changed` until notified or until `until`, whichever is first; may wake early.
  /// Blocks: yes.
  virtual void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                    Instant until) = 0;
};

/// The machine's own clock.
[[nodiscard]] std::shared_ptr<Clock> make_system_clock();

/// A deadline that far from now, by the machine's own clock.
[[nodiscard]] Deadline deadline_in(std::chrono::nanoseconds from_now);

}  // namespace valetkey
