// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "base/worker_pool.h"
#include "support/keeper_world.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::plan_for;
using World = support::KeeperWorld<base::WorkerPool>;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t callers_max = 1'000;  // a sanitizer's threads are heavy
#else
constexpr std::size_t callers_max = 10'000;
#endif

/// A provider that answers only when told to.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      is_open_ = true;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void await_visitor() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ != 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int waiting_ = 0;
};

support::ScriptedProvider::Answer behind(World& world, Gate& gate) {
  return [&](const Plan& plan, const AccessToken* parent) {
    gate.pass();
    return world.provider.ordinary(plan, parent);
  };
}

// Rule C5
// Failure table: 10 000 callers, cold
TEST(SingleFlight, FetchesOnceForTenThousandColdCallers) {
  World world(8U);
  Gate gate;
  world.provider.will(behind(world, gate));
  const auto plan = plan_for("k");
  std::atomic<std::size_t> served{0};
  std::vector<std::thread> callers;
  for (std::size_t number = 0; number < callers_max; ++number) {
    callers.emplace_back([&] { served += world.ask(plan) == "t1" ? 1 : 0; });
  }
  world.clock->await_waiters(callers_max);  // every one of them waits, and nobody has been served

  gate.open();
  for (auto& caller : callers)
    caller.join();

  EXPECT_EQ(served, callers_max);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C5
TEST(SingleFlight, LetsAWaiterLeaveAtItsOwnDeadlineWithoutHarmToAnyone) {
  World world(2U);
  Gate gate;
  world.provider.will(behind(world, gate));
  const auto plan = plan_for("k");
  std::string patient;
  std::string hasty;
  std::thread one([&] { patient = world.ask(plan, 60s); });
  std::thread two([&] { hasty = world.ask(plan, 1s); });
  world.clock->await_waiters(2);

  world.clock->advance(1s);
  two.join();
  gate.open();
  one.join();

  EXPECT_EQ(hasty, "timed_out");
  EXPECT_EQ(patient, "t1");
  EXPECT_EQ(world.ask(plan), "t1");
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rules C4, F1
TEST(SingleFlight, NeverKeepsACallerWaitingWhoCanBeServedWhileARefreshHangs) {
  World world(2U);
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");
  Gate gate;
  world.provider.will(behind(world, gate));
  world.clock->advance(46min);

  for (int call = 0; call < 100; ++call)
    EXPECT_EQ(world.ask(plan), "t1");

  gate.await_visitor();
  EXPECT_EQ(world.provider.fetched().size(), 2U);
  gate.open();
  while (world.ask(plan) != "t2")
    std::this_thread::yield();
}

// Rule C4
TEST(SingleFlight, ServesTheStaleTokenWhenAFetchTakesTooLong) {
  World world(2U);
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");
  Gate gate;
  world.provider.will(behind(world, gate));
  world.clock->advance(55min);
  std::string served;
  std::thread caller([&] { served = world.ask(plan, 60s); });
  world.clock->await_waiters(1);

  world.clock->advance(2s);
  caller.join();

  EXPECT_EQ(served, "t1");
  gate.open();
}

// Rule D1
TEST(SingleFlight, FliesAParentsQueuedFlightRatherThanWaitForAFullPool) {
  World world(1U);  // one thread: the child's flight has it, and the parent's would queue for ever
  const auto parent = plan_for("parent");

  EXPECT_EQ(world.ask(plan_for("child", user("1"), parent)), "t2<t1");
}

// Rule D1
TEST(SingleFlight, FetchesOneParentForManyColdChildren) {
  World world(4U);
  const auto parent = plan_for("parent");
  std::vector<std::thread> callers;
  std::atomic<int> served{0};
  for (int number = 0; number < 64; ++number) {
    callers.emplace_back([&, number] {
      const auto child = plan_for("child" + std::to_string(number), user("1"), parent);
      served += world.ask(child).ends_with("<t1") ? 1 : 0;
    });
  }
  for (auto& caller : callers)
    caller.join();

  EXPECT_EQ(served, 64);
  EXPECT_EQ(world.provider.fetched().size(), 65U);
}

// Rule U1
TEST(SingleFlight, ForcesOneRefreshForManyThreadsThatReportAtOnce) {
  World world(4U);
  const auto plan = plan_for("k");
  std::atomic<int> served{0};
  std::latch start(32);
  std::vector<std::thread> callers;
  const auto first = world.take(plan);
  for (int number = 0; number < 32; ++number) {
    callers.emplace_back([&] {
      start.arrive_and_wait();
      world.keeper.report_unauthorized(first);
      served += world.ask(plan) == "t2" ? 1 : 0;
    });
  }
  for (auto& caller : callers)
    caller.join();

  EXPECT_EQ(served, 32);
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule F1
TEST(SingleFlight, EndsItsWaitersWhenTheExecutorShutsDown) {
  World world(1U);
  world.keeper.stop();
  world.executor.stop();

  EXPECT_EQ(world.ask(plan_for("k")), "cancelled");
}

}  // namespace
}  // namespace valetkey::lifecycle
