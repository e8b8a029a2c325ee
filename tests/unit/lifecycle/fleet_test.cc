// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/fleet.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "support/fleet_world.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::shared_plan;
using World = support::FleetWorld<support::InlineExecutor>;
using Texts = std::vector<std::string>;

// Rule C5
TEST(Fleet, FetchesOnceForEveryProcess) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");

  const auto first = a->token(plan);
  const auto second = b->token(plan);
  const auto third = b->token(plan);

  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->origin(), TokenOrigin::provider);
  EXPECT_EQ(second->origin(), TokenOrigin::shared);
  EXPECT_EQ(third->origin(), TokenOrigin::memory);
  EXPECT_EQ(support::text_of(*second), "t1");
  EXPECT_EQ(second->subject(), user("1"));
  EXPECT_EQ(second->expires_at(), first->expires_at());
  EXPECT_EQ(world.provider.fetched(), Texts{"k"});
}

// Rule C5
TEST(Fleet, WaitsWhileAnotherProcessFetches) {
  support::FleetWorld<base::WorkerPool> world;
  const auto a = world.join("a", 2U);
  const auto b = world.join("b", 2U);
  const auto plan = shared_plan("k");
  std::promise<void> may_answer;
  auto allowed = may_answer.get_future();
  std::promise<void> has_begun;
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    has_begun.set_value();
    allowed.wait();
    return world.provider.ordinary(of, parent);
  });

  std::string first;
  std::string second;
  std::thread asks_a([&] { first = a->ask(plan, 24h); });
  has_begun.get_future().wait();
  std::thread asks_b([&] { second = b->ask(plan, 24h); });
  while (b->fleet.status().waits == 0)
    std::this_thread::yield();
  may_answer.set_value();
  asks_a.join();
  world.pass_until([&] { return b->cache.entries() != 0; });
  asks_b.join();

  EXPECT_EQ(first, "t1");
  EXPECT_EQ(second, "t1");
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C5
// Failure table: the process that holds the fleet-wide lease is killed with SIGKILL
TEST(Fleet, TakesOverAtOnceFromAHolderThatIsKnownToHaveEnded) {
  World world;
  const auto plan = shared_plan("k");
  const auto ended = world.join("ended");
  const auto seat = ended->fleet.board(*plan, {});
  ASSERT_EQ(seat.step, BoardingStep::fetch);
  world.gone.insert("ended");
  const auto a = world.join("a");

  EXPECT_EQ(a->ask(plan), "t1");

  EXPECT_EQ(a->fleet.status().taken_over, 1U);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C5
TEST(Fleet, TakesOverFromASilentHolderWhenItsLeaseHasRunOutAndNotBefore) {
  World world;
  const auto plan = shared_plan("k");
  const auto silent = world.join("silent");
  ASSERT_EQ(silent->fleet.board(*plan, {}).step, BoardingStep::fetch);
  silent->fleet.stop();  // nobody renews it any more
  const auto a = world.join("a");

  std::string answer;
  std::thread asks([&] { answer = a->ask(plan, 24h); });
  const Instant began = world.clock->now();
  Instant fetched_at{};
  while (world.provider.fetched().empty()) {
    fetched_at = world.clock->now();
    world.clock->advance(100ms);
    std::this_thread::yield();
  }
  asks.join();

  EXPECT_EQ(answer, "t1");
  EXPECT_GE(fetched_at + 1s, began + world.options.lease);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C5
TEST(Fleet, RefusesTheLateWriteOfAHolderWhoseLeaseRanOut) {
  World world;
  const auto plan = shared_plan("k");
  const auto late = world.join("late");
  const auto quick = world.join("quick");
  const auto seat = late->fleet.board(*plan, {});
  late->fleet.stop();
  world.clock->advance(world.options.lease + 1s);
  EXPECT_EQ(quick->ask(plan), "t1");

  const auto value = support::make_token({.value = "late", .sent_at = world.clock->now()});
  const CachedToken cached{value.share(), plan_lifetime(world.clock->now(), *value.expires_at(),
                                                        world.options.policy, 0.0)};
  const auto landed = late->fleet.land(*plan, seat, cached, [] { return true; });

  EXPECT_EQ(landed.how, Fleet::Landing::superseded);
  ASSERT_TRUE(landed.instead);
  EXPECT_EQ(support::text_of(landed.instead->token), "t1");
  EXPECT_EQ(late->fleet.status().refused_writes, 1U);
  const auto held = quick->fleet.find("k");
  ASSERT_TRUE(held);
  EXPECT_EQ(support::text_of(held->token), "t1");
}

TEST(Fleet, ServesTheOthersTokenWhereItsOwnCameTooLate) {
  World world;
  const auto plan = shared_plan("k");
  const auto late = world.join("late");
  const auto quick = world.join("quick");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    world.gone.insert("late");  // given up for dead
    EXPECT_EQ(quick->ask(plan), "t1");
    return world.provider.ordinary(of, parent);
  });

  EXPECT_EQ(late->ask(plan), "t1");
  EXPECT_EQ(late->fleet.status().refused_writes, 1U);
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C5
TEST(Fleet, RenewsTheLeaseWhileTheFlightLives) {
  World world;
  const auto plan = shared_plan("k");
  const auto a = world.join("a");
  const auto b = world.join("b");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    for (int step = 0; step < 60; ++step) {  // more than the lease, in steps shorter than its third
      world.clock->advance(1s);
      world.clock->await_waiters(2);  // both have looked, and renewed what is theirs
    }
    EXPECT_TRUE(b->fleet.board(*plan, {.patience = 0ns}).is_alone);  // it would have to wait
    return world.provider.ordinary(of, parent);
  });

  EXPECT_EQ(a->ask(plan, 600s), "t1");
  EXPECT_EQ(b->ask(plan), "t1");

  EXPECT_EQ(a->fleet.status().refused_writes, 0U);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C4
TEST(Fleet, RefreshesAheadOnceForEveryProcess) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto c = world.join("c");
  const auto plan = shared_plan("k");
  for (const auto* one : {&a, &b, &c})
    EXPECT_EQ((*one)->ask(plan), "t1");
  world.clock->advance(46min);

  for (const auto* one : {&a, &b, &c})
    EXPECT_EQ((*one)->ask(plan), "t1");
  for (const auto* one : {&a, &b, &c})
    EXPECT_EQ((*one)->ask(plan), "t2");

  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C4
TEST(Fleet, GivesAColdProcessTheTokenThatIsAheadWithoutAFetch) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  EXPECT_EQ(a->ask(plan), "t1");
  world.clock->advance(46min);
  const auto cold = world.join("cold");

  EXPECT_EQ(cold->ask(plan), "t1");
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule C4
TEST(Fleet, ServesTheOthersStaleTokenWhenTheFetchFails) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  EXPECT_EQ(a->ask(plan), "t1");
  world.clock->advance(55min);
  const auto cold = world.join("cold");
  world.provider.will_fail(Errc::unreachable);

  EXPECT_EQ(cold->ask(plan), "t1");
  EXPECT_EQ(cold->ask(plan), "t1");  // and asks nobody again so soon
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule U1
TEST(Fleet, ForcesOneRefreshWhenEveryProcessIsRefused) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto of_a = a->take(plan);
  const auto of_b = b->take(plan);

  a->keeper.report_unauthorized(of_a);
  EXPECT_EQ(a->ask(plan), "t2");
  b->keeper.report_unauthorized(of_b);
  EXPECT_EQ(b->ask(plan), "t2");

  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule U1
// Failure table: user disabled (permanent 401)
TEST(Fleet, ForcesNoSecondRefreshWithinTenSecondsWhoeverReports) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  a->keeper.report_unauthorized(a->take(plan));
  const auto second = a->take(plan);

  a->keeper.report_unauthorized(second);
  EXPECT_EQ(a->ask(plan), "t2");
  b->keeper.report_unauthorized(b->take(plan));
  EXPECT_EQ(b->ask(plan), "t2");
  EXPECT_EQ(world.provider.fetched().size(), 2U);

  world.clock->advance(11s);
  b->keeper.report_unauthorized(b->take(plan));
  EXPECT_EQ(b->ask(plan), "t3");
}

// Rule U1
TEST(Fleet, NeverGivesARefusedTokenToAProcessThatDidNotKnow) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  a->keeper.report_unauthorized(a->take(plan));
  world.provider.will_fail(Errc::unreachable);
  EXPECT_EQ(a->ask(plan, 0s), "unreachable");
  const auto cold = world.join("cold");

  EXPECT_EQ(cold->ask(plan), "t2");
}

// Rule C9
TEST(Fleet, RemembersForEveryProcessWhatTheProviderRefused) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will_fail(Errc::invalid_grant);

  EXPECT_EQ(a->ask(plan), "invalid_grant");
  EXPECT_EQ(b->ask(plan), "invalid_grant");
  EXPECT_EQ(world.provider.fetched().size(), 1U);

  world.clock->advance(61s);
  EXPECT_EQ(b->ask(plan), "t1");
}

// Rule C9
TEST(Fleet, DoesNotLetOneMachinesNetworkStopTheOthers) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will_fail(Errc::unreachable);

  EXPECT_EQ(a->ask(plan, 0s), "unreachable");
  EXPECT_EQ(b->ask(plan), "t1");
}

TEST(Fleet, GivesATokenWithAsMuchLifeAsAskedFor) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  EXPECT_EQ(a->ask(plan), "t1");
  world.clock->advance(30min);
  auto demanding = std::make_shared<Plan>(*plan);
  demanding->request.min_life = 45min;

  EXPECT_EQ(b->ask(demanding), "t2");
  EXPECT_EQ(a->ask(demanding), "t2");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule D1
TEST(Fleet, SharesAParentAndItsChildAlike) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto parent = shared_plan("p");
  const auto child = shared_plan("c", user("1"), parent);

  EXPECT_EQ(a->ask(child), "t2<t1");
  const auto of_b = b->take(child);

  EXPECT_EQ(support::text_of(of_b), "t2<t1");
  EXPECT_EQ(of_b.fields().parent, support::fingerprint_of("t1"));
  EXPECT_EQ(world.provider.fetched(), (Texts{"p", "c"}));
}

// Rule V2
TEST(Fleet, NeverSharesWhatMayNotBeShared) {
  World world;
  const auto a = world.join("a");
  auto kept = std::make_shared<Plan>(*shared_plan("k"));
  kept->shareable = false;

  EXPECT_EQ(a->ask(kept), "t1");
  (void)a->keeper.revoke(a->take(kept), world.in(5s));

  for (const auto& [name, bytes] : world.store->dump()) {
    EXPECT_FALSE(name.starts_with("token:")) << name;
    EXPECT_FALSE(bytes.contains("t1"));
  }
}

TEST(Fleet, UsesATokenOfUnknownEndOnceAndSharesItWithNobody) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    return world.provider.ordinary(of, parent, 0s);
  });

  EXPECT_EQ(a->ask(plan), "t1");
  EXPECT_EQ(b->ask(plan), "t2");
}

}  // namespace
}  // namespace valetkey::lifecycle
