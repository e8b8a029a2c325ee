// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ctime>
#include <limits>

#include "base/log.h"
#include "valetkey/time.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;

// Rule C2
TEST(SystemClock, CountsWhileTheMachineSleeps) {
  const auto clock = make_system_clock();
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  const Instant before{std::chrono::seconds(boot.tv_sec) + std::chrono::nanoseconds(boot.tv_nsec)};

  const Instant now = clock->now();

  EXPECT_GE(now, before);
  EXPECT_LT(now - before, 1min);
}

TEST(SystemClock, StopsWaitingAtTheInstant) {
  const auto clock = make_system_clock();
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const Instant until = clock->now() + 1ms;

  while (clock->now() < until)
    clock->wait(never, lock, until);
  clock->wait(never, lock, until);  // already past: at once

  EXPECT_GE(clock->now(), until);
}

// Rule F1
TEST(Deadline, SaysWhatIsLeft) {
  const Instant start{1h};
  const Deadline deadline{start + 10s};

  EXPECT_EQ(deadline.left(start), 10s);
  EXPECT_EQ(deadline.left(start + 10s), 0s);
  EXPECT_EQ(deadline.left(start + 1h), 0s);
  EXPECT_FALSE(deadline.passed(start));
  EXPECT_TRUE(deadline.passed(start + 10s));
  EXPECT_EQ(deadline.sooner(Deadline{start}).at, start);
  EXPECT_EQ(Deadline{start}.sooner(deadline).at, start);
  EXPECT_GT(deadline_in(1h).left(make_system_clock()->now()), 59min);
}

TEST(Log, IsSilentUntilItIsGivenSomewhereToWrite) {
  std::string written;
  base::log(LogLevel::error, "lost");
  EXPECT_FALSE(base::log_enabled(LogLevel::error));

  set_log(LogLevel::info, [&](LogLevel level, std::string_view line) {
    written += std::to_string(static_cast<int>(level)) + std::string(line) + ";";
  });
  base::log(LogLevel::debug, "too low");
  base::log(LogLevel::info, "at");
  base::log(LogLevel::error, "above");
  set_log(LogLevel::off, {});
  base::log(LogLevel::error, "after");

  EXPECT_EQ(written, "2at;4above;");
}

}  // namespace
}  // namespace valetkey
