// SPDX-License-Identifier: Apache-2.0
#include "secrets/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <thread>

#include "scratch.h"
#include "support/fake_clock.h"

namespace valetkey::secrets {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(FileLock, KeepsOthersOutUntilItDies) {
  const Scratch scratch;
  support::FakeClock clock;
  const Deadline now{clock.now()};

  {
    const auto held = FileLock::acquire(scratch.path("token"), now, clock);
    ASSERT_TRUE(held);
    const auto second = FileLock::acquire(scratch.path("token"), now, clock);
    const auto elsewhere = FileLock::acquire(scratch.path("other"), now, clock);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::timed_out);
    EXPECT_THAT(second.error().context, HasSubstr("token.lock"));
    EXPECT_TRUE(elsewhere);
  }
  EXPECT_TRUE(FileLock::acquire(scratch.path("token"), now, clock));
}

// Rule F1
TEST(FileLock, WaitsAtMostUntilTheDeadline) {
  const Scratch scratch;
  support::FakeClock clock;
  const auto held = FileLock::acquire(scratch.path("token"), Deadline{clock.now()}, clock);
  Errc code{};

  std::thread waiting([&] {
    const auto second = FileLock::acquire(scratch.path("token"), Deadline{clock.now() + 1h}, clock);
    code = second ? Errc::invalid_request : second.error().code;
  });
  clock.await_waiters(1);
  clock.advance(2h);
  waiting.join();

  EXPECT_EQ(code, Errc::timed_out);
}

TEST(FileLock, PassesToWhoeverWaitsForIt) {
  const Scratch scratch;
  support::FakeClock clock;
  auto held = std::make_unique<FileLock>(
      std::move(*FileLock::acquire(scratch.path("token"), Deadline{clock.now()}, clock)));
  bool got = false;

  std::thread waiting([&] {
    got = FileLock::acquire(scratch.path("token"), Deadline{clock.now() + 1h}, clock).has_value();
  });
  clock.await_waiters(1);
  held.reset();
  clock.advance(1s);
  waiting.join();

  EXPECT_TRUE(got);
}

TEST(FileLock, DiesWithAKilledProcess) {
  const Scratch scratch;
  support::FakeClock clock;
  const Deadline now{clock.now()};
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = FileLock::acquire(scratch.path("token"), now, clock);
    if (write(ready[1], held ? "y" : "n", 1) == 1) pause();
    _exit(1);
  }
  char said = '?';
  ASSERT_EQ(read(ready[0], &said, 1), 1);
  ASSERT_EQ(said, 'y');
  EXPECT_FALSE(FileLock::acquire(scratch.path("token"), now, clock));

  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);

  EXPECT_TRUE(FileLock::acquire(scratch.path("token"), now, clock));
  close(ready[0]);
  close(ready[1]);
}

TEST(FileLock, SaysWhenItsFileCannotBeMade) {
  const Scratch scratch;
  support::FakeClock clock;

  const auto lock = FileLock::acquire(scratch.path("no/token"), Deadline{clock.now()}, clock);

  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::misconfigured);
}

}  // namespace
}  // namespace valetkey::secrets
