// SPDX-License-Identifier: Apache-2.0
#include "base/gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

#include "support/fake_clock.h"

namespace valetkey::base {
namespace {

using namespace std::chrono_literals;

TEST(Gate, LetsInSoManyAndTheNextWhenOneHasLeft) {
  const auto clock = std::make_shared<support::FakeClock>();
  Gate gate(clock, 2);
  const Deadline deadline{clock->now() + 1h};
  std::optional<Gate::Pass> first(gate.enter(deadline));
  const auto second = gate.enter(deadline);
  ASSERT_TRUE(*first && second);

  bool got_in = false;
  std::thread third([&] { got_in = static_cast<bool>(gate.enter(deadline)); });
  clock->await_waiters(1);
  first.reset();
  third.join();

  EXPECT_TRUE(got_in);
}

// Rule F1
TEST(Gate, TurnsAwayWhoseTimeIsOver) {
  const auto clock = std::make_shared<support::FakeClock>();
  Gate gate(clock, 1);
  const auto inside = gate.enter({clock->now() + 1h});

  EXPECT_FALSE(gate.enter({clock->now()}));
  EXPECT_TRUE(inside);
}

TEST(Gate, CountsAPassThatWasMovedOnce) {
  const auto clock = std::make_shared<support::FakeClock>();
  Gate gate(clock, 1);
  {
    auto inside = gate.enter({clock->now() + 1h});
    const auto moved = std::move(inside);
    EXPECT_FALSE(gate.enter({clock->now()}));
  }

  EXPECT_TRUE(gate.enter({clock->now()}));
}

}  // namespace
}  // namespace valetkey::base
