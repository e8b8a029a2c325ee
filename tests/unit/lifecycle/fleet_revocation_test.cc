// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "lifecycle/fleet.h"
#include "support/fleet_world.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::shared_plan;
using World = support::FleetWorld<support::InlineExecutor>;
using Texts = std::vector<std::string>;

// Rule R3
TEST(FleetRevocation, StopsEveryProcessWithinASecond) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");

  const auto report = a->keeper.revoke(token, world.in(5s));
  world.clock->advance(1s);

  EXPECT_FALSE(report.untold);
  EXPECT_EQ(report.delivered, 1U);
  EXPECT_EQ(b->ask(plan), "t2");
  EXPECT_EQ(world.revoked(1), Texts{"t1"});
}

// Rule R3
TEST(FleetRevocation, StopsEveryProcessAtOnceWhereABellRings) {
  World world;
  world.has_bell = true;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");

  (void)a->keeper.revoke(token, world.in(5s));

  EXPECT_EQ(b->cache.entries(), 0U);  // not a moment later
  EXPECT_EQ(b->ask(plan), "t2");
}

// Rule R3
TEST(FleetRevocation, IsLookedForBeforeEachAnswerWhileTheBellIsNotHeard) {
  World world;
  world.has_bell = true;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");
  b->bell->hear(SharedBell::Hearing::deaf);

  (void)a->keeper.revoke(token, world.in(5s));

  EXPECT_EQ(b->ask(plan), "t2");
}

// Rule R2
TEST(FleetRevocation, TakesChildrenThatOnlyAnotherProcessKnows) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto parent = shared_plan("p");
  const auto child = shared_plan("c", user("1"), parent);
  const auto token = a->take(parent);
  EXPECT_EQ(b->ask(child), "t2<t1");

  (void)a->keeper.revoke(token, world.in(5s));
  world.clock->advance(1s);

  EXPECT_EQ(b->ask(child), "t4<t3");
  EXPECT_THAT(world.revoked(2), testing::UnorderedElementsAre("t1", "t2<t1"));
}

// Rule R1
TEST(FleetRevocation, TakesASubjectsTokensFromEveryProcess) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto mine = shared_plan("k1", user("1"));
  const auto other = shared_plan("k2", user("2"));
  EXPECT_EQ(b->ask(mine), "t1");
  EXPECT_EQ(b->ask(other), "t2");

  (void)a->keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));
  world.clock->advance(1s);

  EXPECT_EQ(b->ask(mine), "t3");
  EXPECT_EQ(b->ask(other), "t2");
  EXPECT_EQ(a->ask(mine), "t3");
  EXPECT_EQ(world.revoked(1), Texts{"t1"});
  EXPECT_EQ(world.provider.fetched().size(), 3U);
}

// Rule R1
TEST(FleetRevocation, FindsTheSubjectsFullTokenAlthoughThisProcessNeverHeldIt) {
  World world;
  const auto plan = shared_plan("k");
  {
    const auto b = world.join("b");
    EXPECT_EQ(b->ask(plan), "t1");
  }
  const auto a = world.join("a");

  const auto report = a->keeper.revoke_reach({.subject = user("1")}, plan, world.in(5s));

  EXPECT_EQ(report.delivered, 1U);
  EXPECT_EQ(world.revoked(1), Texts{"t1"});
  EXPECT_EQ(a->ask(plan), "t2");
}

// Rule R1
TEST(FleetRevocation, WithdrawsUpstreamWhatLiesInTheCacheAndNobodyRemembered) {
  World world;
  const auto plan = shared_plan("k");
  {
    const auto b = world.join("b");
    EXPECT_EQ(b->ask(plan), "t1");
  }
  const auto a = world.join("a");
  world.clock->advance(5s);
  (void)a->keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));
  EXPECT_EQ(world.provider.revoked(), Texts{});

  EXPECT_EQ(a->ask(plan), "t2");
  EXPECT_EQ(world.revoked(1), Texts{"t1"});
}

// Rule R3
TEST(FleetRevocation, IsKnownToAProcessThatStartsLater) {
  World world;
  const auto plan = shared_plan("k");
  const auto a = world.join("a");
  const auto token = a->take(plan);
  // Known by its text alone, so that its record is not cleared.
  auto fields = support::fields_of({.value = "t1", .sent_at = world.clock->now()});
  const AccessToken bare(std::move(fields));
  const auto stranger = world.join("stranger");
  (void)stranger->keeper.revoke(bare, world.in(5s));

  const auto late = world.join("late");

  EXPECT_EQ(late->ask(plan), "t2");
}

// Rule R3
TEST(FleetRevocation, KeepsALateFlightOfAnotherProcessFromBringingItBack) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    auto token = world.provider.ordinary(of, parent);
    (void)a->keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));
    return token;
  });

  EXPECT_EQ(b->ask(plan), "t2");

  EXPECT_EQ(world.revoked(1), Texts{"t1"});
  EXPECT_EQ(a->ask(plan), "t2");
}

// Rule R3
TEST(FleetRevocation, OutlivesTheCacheThatWasEmptied) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  (void)a->keeper.revoke(token, world.in(5s));
  world.store->flush();
  a->fleet.look(world.in(5s));
  world.clock->advance(1s);
  const auto is_written_again = [&] {
    const auto all = world.store->dump();
    const auto is_entry = [](const auto& one) { return one.first.starts_with("log:"); };
    return std::any_of(all.begin(), all.end(), is_entry) && a->fleet.status().untold == 0;
  };
  world.pass_until(is_written_again);  // by a's watch
  const auto b = world.join("b");
  b->fleet.offer(*plan,
                 {token.share(), plan_lifetime(world.clock->now(), *token.expires_at(),
                                               world.options.policy, 0.0)},
                 std::nullopt);
  b->fleet.look(world.in(5s));

  EXPECT_EQ(b->ask(plan), "t2");
}

// Rule R4
TEST(FleetRevocation, IsToldWhenTheCacheIsBack) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");
  world.store->fail_with(Errc::unreachable);

  const auto report = a->keeper.revoke(token, world.in(5s));
  EXPECT_TRUE(report.untold);
  EXPECT_EQ(report.delivered, 1U);
  EXPECT_EQ(a->ask(plan), "t2");
  EXPECT_EQ(a->fleet.status().untold, 1U);

  world.store->fail_with(std::nullopt);
  world.pass_until([&] { return a->fleet.status().untold == 0 && b->fleet.status().reachable; });
  world.clock->advance(1s);
  EXPECT_NE(b->ask(plan), "t1");
}

TEST(FleetRevocation, ReachesAFleetOfWhichOneServerIsLost) {
  World world;
  world.store = std::make_shared<support::MemoryStore>(world.clock, 3);
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");
  world.store->lose(0);

  EXPECT_FALSE(a->keeper.revoke(token, world.in(5s)).untold);
  world.clock->advance(1s);

  EXPECT_EQ(b->ask(plan), "t2");
}

TEST(FleetRevocation, OfManyTokensAtOnceIsToldWhole) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  constexpr int many = 5000;
  for (int number = 0; number < many; ++number) {
    const auto plan = shared_plan("k" + std::to_string(number), user(std::to_string(number)));
    EXPECT_EQ(b->ask(plan), a->ask(plan));
  }

  (void)a->keeper.revoke_reach({}, nullptr, world.in(60s));
  world.clock->advance(1s);
  b->fleet.look(world.in(5s));

  EXPECT_EQ(b->cache.entries(), 0U);
  EXPECT_EQ(world.revoked(5000).size(), 5000U);  // each once, by whoever revoked
}

// Rule C8
TEST(FleetRevocation, DoesNotKeepAnybodyWaitingWhileTheCacheIsAway) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  EXPECT_EQ(a->ask(plan), "t1");
  world.store->fail_with(Errc::unreachable);
  world.clock->advance(10s);

  EXPECT_EQ(a->ask(plan), "t1");
  const auto asked = world.store->gets();
  for (int ask = 0; ask < 100; ++ask)
    EXPECT_EQ(a->ask(plan), "t1");

  EXPECT_LE(world.store->gets(), asked + 3);  // the watch's own
}

}  // namespace
}  // namespace valetkey::lifecycle
