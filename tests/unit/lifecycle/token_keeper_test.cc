// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/token_keeper.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "support/keeper_world.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::plan_for;
using World = support::KeeperWorld<support::InlineExecutor>;
using Texts = std::vector<std::string>;

TEST(TokenKeeper, FetchesOnceAndServesFromMemory) {
  World world;
  const auto plan = plan_for("k");

  const auto first = world.keeper.token(plan, world.in(1s));
  const auto second = world.keeper.token(plan, world.in(1s));

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->origin(), TokenOrigin::provider);
  EXPECT_EQ(second->origin(), TokenOrigin::memory);
  EXPECT_EQ(world.provider.fetched(), Texts{"k"});
}

// Rule C3
TEST(TokenKeeper, ServesOneTokenForFiftyMinutesAndNeverADeadOne) {
  World world;
  const auto plan = plan_for("k");
  const Instant start = world.clock->now();

  // A whole day in steps of five seconds, walked without waiting.
  std::string last;
  while (world.clock->now() < start + 24h) {
    const auto token = world.keeper.token(plan, world.in(1s));
    ASSERT_TRUE(token);
    EXPECT_GT(*token->expires_at() - world.clock->now(), 30s);
    world.clock->advance(5s);
  }

  EXPECT_EQ(world.provider.fetched().size(), 32U);  // one each 45 minutes: refreshed ahead
}

// Rule C4
TEST(TokenKeeper, ServesTheOldTokenAndRefreshesBehindItsBackWhenAhead) {
  World world;
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");
  world.clock->advance(46min);

  EXPECT_EQ(world.ask(plan), "t1");
  EXPECT_EQ(world.ask(plan), "t2");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C4
// Failure table: provider 5xx / 429 / timeout / reset, token fresh or stale
TEST(TokenKeeper, ServesTheOldTokenWhenStaleAndTheFetchFails) {
  for (const Errc code : {Errc::unreachable, Errc::throttled, Errc::timed_out, Errc::invalid_client,
                          Errc::malformed_response}) {
    World world;
    const auto plan = plan_for("k");
    EXPECT_EQ(world.ask(plan), "t1");
    world.clock->advance(55min);
    world.provider.will_fail(code);

    EXPECT_EQ(world.ask(plan), "t1");

    world.clock->advance(61s);
    EXPECT_EQ(world.ask(plan), "t2");
  }
}

// Rule C4
TEST(TokenKeeper, FailsWhenDeadAndTheFetchFails) {
  World world;
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");
  world.clock->advance(59min + 31s);
  world.provider.will_fail(Errc::unreachable);

  EXPECT_EQ(world.ask(plan), "unreachable");
}

// Failure table: machine suspended over the expiry
TEST(TokenKeeper, FetchesAnewAfterASuspendOverTheExpiry) {
  World world;
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");

  world.clock->advance(9h);  // CLOCK_BOOTTIME counts the night

  EXPECT_EQ(world.ask(plan), "t2");
}

// Rule C2
TEST(TokenKeeper, PaysNoHeedToAWallClockThatJumps) {
  World world;
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");

  world.clock->step_wall(24h);
  EXPECT_EQ(world.ask(plan), "t1");
  world.clock->step_wall(-72h);
  EXPECT_EQ(world.ask(plan), "t1");
}

TEST(TokenKeeper, UsesATokenOfUnknownEndOnceAndDoesNotCacheIt) {
  World world;
  const auto plan = plan_for("k");
  const auto endless = [&](const Plan& wanted, const AccessToken* parent) {
    return world.provider.ordinary(wanted, parent, 0s);
  };
  world.provider.will(endless);
  world.provider.will(endless);

  EXPECT_EQ(world.ask(plan), "t1");
  EXPECT_EQ(world.ask(plan), "t2");
}

// Rule C9
// Failure table: wrong secret
TEST(TokenKeeper, AsksOnceAfterAPermanentFailureWhateverTheNumberOfCallers) {
  World world;
  const auto plan = plan_for("k");
  world.provider.will_fail(Errc::invalid_client);

  for (int call = 0; call < 1000; ++call)
    EXPECT_EQ(world.ask(plan), "invalid_client");

  EXPECT_EQ(world.provider.fetched().size(), 1U);
  world.clock->advance(60s);
  EXPECT_EQ(world.ask(plan), "t1");
}

// Rule C9
TEST(TokenKeeper, BacksOffAfterTransientFailuresAndSaysForHowLong) {
  World world;
  const auto plan = plan_for("k");
  world.provider.will_fail(Errc::unreachable);
  world.provider.will_fail(Errc::unreachable);
  EXPECT_EQ(world.ask(plan), "unreachable");

  const auto hasty = world.keeper.token(plan, world.in(400ms));

  ASSERT_FALSE(hasty);
  EXPECT_EQ(hasty.error().retry_after, 1s);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
  world.clock->advance(500ms);
  EXPECT_EQ(world.ask(plan), "unreachable");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
  world.clock->advance(1s);
  EXPECT_EQ(world.ask(plan), "t1");
}

// Rule C9
TEST(TokenKeeper, LetsAPatientCallerWaitForATransientFailureToBeOver) {
  World world;
  const auto plan = plan_for("k");
  world.provider.will_fail(Errc::unreachable);
  EXPECT_EQ(world.ask(plan), "unreachable");
  std::string served;
  std::thread patient([&] { served = world.ask(plan, 5s); });
  world.clock->await_waiters(1);

  world.clock->advance(500ms);
  patient.join();

  EXPECT_EQ(served, "t1");
}

// Rule S6
TEST(TokenKeeper, AsksAgainAtOnceWhenSecretsWereReadAgain) {
  World world;
  const auto plan = plan_for("k");
  world.provider.will_fail(Errc::invalid_client);
  EXPECT_EQ(world.ask(plan), "invalid_client");

  world.keeper.forget_failures();

  EXPECT_EQ(world.ask(plan), "t1");
}

// Rule U1
TEST(TokenKeeper, DropsTheReportedTokenAndNoOther) {
  World world;
  const auto plan = plan_for("k");
  const auto other = plan_for("other");
  const auto first = world.take(plan);
  EXPECT_EQ(world.ask(other), "t2");

  world.keeper.report_unauthorized(first);

  EXPECT_EQ(world.ask(plan), "t3");
  EXPECT_EQ(world.ask(other), "t2");
}

// Rule U1
TEST(TokenKeeper, ServesTheNewerTokenWhenAnOlderOneIsReported) {
  World world;
  const auto plan = plan_for("k");
  const auto first = world.take(plan);
  world.keeper.report_unauthorized(first);
  EXPECT_EQ(world.ask(plan), "t2");
  world.clock->advance(1h / 4);

  for (int report = 0; report < 100; ++report)
    world.keeper.report_unauthorized(first);

  EXPECT_EQ(world.ask(plan), "t2");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule U1
// Failure table: user disabled (permanent 401)
TEST(TokenKeeper, ForcesOneRefreshPerTenSecondsWhateverTheNumberOfReports) {
  World world;
  const auto plan = plan_for("k");
  const auto ask_and_report = [&] {
    for (int call = 0; call < 500; ++call)
      world.keeper.report_unauthorized(world.take(plan));
  };

  ask_and_report();
  EXPECT_EQ(world.provider.fetched().size(), 2U);  // the first, and one forced
  world.clock->advance(9s);
  ask_and_report();
  EXPECT_EQ(world.provider.fetched().size(), 2U);
  world.clock->advance(1s);
  ask_and_report();
  EXPECT_EQ(world.provider.fetched().size(), 3U);
}

TEST(TokenKeeper, ServesNothingThatWasRefusedWhileItsSuccessorCannotBeFetched) {
  World world;
  const auto plan = plan_for("k");
  const auto first = world.take(plan);
  world.keeper.report_unauthorized(first);
  world.provider.will_fail(Errc::unreachable);

  EXPECT_EQ(world.ask(plan), "unreachable");
  EXPECT_EQ(world.ask(plan, 0s), "unreachable");
}

TEST(TokenKeeper, NeverGivesATokenWithLessLifeThanAskedFor) {
  World world;
  const auto plan = plan_for("k");
  EXPECT_EQ(world.ask(plan), "t1");
  world.clock->advance(30min);
  auto demanding = std::make_shared<Plan>(*plan);
  demanding->request.min_life = 40min;

  EXPECT_EQ(world.ask(demanding), "t2");
  EXPECT_EQ(world.ask(plan), "t2");

  demanding->request.min_life = 2h;
  world.clock->advance(11s);
  EXPECT_EQ(world.ask(demanding), "denied_by_policy");
  EXPECT_EQ(world.ask(demanding), "denied_by_policy");
  EXPECT_EQ(world.provider.fetched().size(), 3U);
}

// Rule D1
TEST(TokenKeeper, NarrowsFromTheParentsTokenAndCachesBothUnderTheirOwnKeys) {
  World world;
  const auto parent = plan_for("parent");
  const auto child = plan_for("child", user("1"), parent);
  const auto sibling = plan_for("sibling", user("1"), parent);

  EXPECT_EQ(world.ask(child), "t2<t1");
  EXPECT_EQ(world.ask(sibling), "t3<t1");
  EXPECT_EQ(world.ask(child), "t2<t1");
  EXPECT_EQ(world.ask(parent), "t1");

  EXPECT_EQ(world.provider.fetched(), (Texts{"parent", "child", "sibling"}));
}

// Rule D1
TEST(TokenKeeper, RefreshesAParentThatWasKilledBehindOurBack) {
  World world;
  const auto parent = plan_for("parent");
  const auto child = plan_for("child", user("1"), parent);
  EXPECT_EQ(world.ask(parent), "t1");
  world.provider.will_fail(Errc::invalid_grant);

  EXPECT_EQ(world.ask(child), "t3<t2");
  EXPECT_EQ(world.provider.fetched(), (Texts{"parent", "child", "parent", "child"}));
}

TEST(TokenKeeper, BlamesNoParentThatHasJustBeenFetched) {
  World world;
  const auto child = plan_for("child", user("1"), plan_for("parent"));
  world.provider.will([&](const Plan& plan, const AccessToken* parent) {
    return world.provider.ordinary(plan, parent);
  });
  world.provider.will_fail(Errc::invalid_grant);

  EXPECT_EQ(world.ask(child), "invalid_grant");
  EXPECT_EQ(world.provider.fetched(), (Texts{"parent", "child"}));
}

// Rule C9
TEST(TokenKeeper, LetsOneCallersWishForALongLifeHarmNobodyElse) {
  World world;
  const auto parent = plan_for("parent");
  const auto child = plan_for("child", user("1"), parent);
  auto demanding_parent = std::make_shared<Plan>(*parent);
  demanding_parent->request.min_life = 2h;
  auto demanding = std::make_shared<Plan>(*child);
  demanding->request.min_life = 2h;
  demanding->parent = demanding_parent;

  EXPECT_EQ(world.ask(demanding), "denied_by_policy");

  EXPECT_TRUE(world.ask(child).starts_with("t")) << world.ask(child);
  EXPECT_TRUE(world.ask(parent).starts_with("t"));
}

// Rules C9, D1
TEST(TokenKeeper, RemembersAParentsFailureOnceAndNotAgainForItsChild) {
  World world;
  const auto parent = plan_for("parent");
  const auto child = plan_for("child", user("1"), parent);
  world.provider.will_fail(Errc::invalid_client);
  EXPECT_EQ(world.ask(parent), "invalid_client");
  world.clock->advance(59s);
  EXPECT_EQ(world.ask(child), "invalid_client");

  world.clock->advance(1s);

  EXPECT_EQ(world.ask(child), "t2<t1");
}

// Rule U4
TEST(TokenKeeper, AsksNobodyBeforeTheTimeThatTheServerNamed) {
  World world;
  const auto plan = plan_for("k");
  world.provider.will([](const Plan&, const AccessToken*) -> Result<AccessToken> {
    Error throttled{.code = Errc::throttled, .context = "429"};
    throttled.retry_after = 120s;
    return fail(std::move(throttled));
  });
  EXPECT_EQ(world.ask(plan), "throttled");
  world.clock->advance(60s);

  const auto early = world.keeper.token(plan, world.in(5s));

  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().retry_after, 60s);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
  world.clock->advance(60s);
  EXPECT_EQ(world.ask(plan), "t1");
}

// Rule U1
TEST(TokenKeeper, DoesNotServeARefusedTokenBecauseItsRefreshFailed) {
  World world;
  const auto plan = plan_for("k");
  world.keeper.report_unauthorized(world.take(plan));
  world.provider.will_fail(Errc::unreachable);
  EXPECT_EQ(world.ask(plan, 0s), "unreachable");

  world.clock->advance(2s);

  EXPECT_EQ(world.ask(plan), "t2");
}

// Rule R3
TEST(TokenKeeper, ServesNoTokenThatTheProviderGivesAgainAfterItsRevocation) {
  World world;
  const auto plan = plan_for("k");
  const auto stubborn = [&](const Plan& wanted, const AccessToken*) -> Result<AccessToken> {
    return support::make_token(
        {.value = "same", .sent_at = world.clock->now(), .subject = wanted.request.subject});
  };
  for (int time = 0; time < 10; ++time)
    world.provider.will(stubborn);
  const auto token = world.take(plan);
  EXPECT_EQ(support::text_of(token), "same");
  EXPECT_EQ(world.keeper.revoke(token, world.in(0s)).refused, 0U);

  for (int ask = 0; ask < 20; ++ask)
    EXPECT_EQ(world.ask(plan, 0s), "malformed_response");

  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C6
TEST(TokenKeeper, ForgetsNoTokenThatItStillServes) {
  support::FakeClock clock;
  LiveTokens live(2);
  const auto plan = plan_for("k");
  const auto add = [&](const std::string& value, std::chrono::seconds life) {
    return live.add(
        {support::make_token({.value = value, .sent_at = clock.now(), .expires_in = life}), plan},
        clock.now());
  };

  EXPECT_TRUE(add("unknown end", 0s).empty());
  EXPECT_TRUE(add("one hour", 1h).empty());
  const auto evicted = add("two hours", 2h);

  ASSERT_EQ(evicted.size(), 1U);  // and the keeper takes it out of the cache
  EXPECT_EQ(support::text_of(evicted[0].token), "one hour");
  EXPECT_EQ(live.size(), 2U);
}

}  // namespace
}  // namespace valetkey::lifecycle
