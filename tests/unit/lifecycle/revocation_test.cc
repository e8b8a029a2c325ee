// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "lifecycle/token_keeper.h"
#include "support/keeper_world.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::plan_for;
// Revocations travel on threads of their own, so these worlds have a real pool; time still stands.
using World = support::KeeperWorld<base::WorkerPool>;
using Texts = std::vector<std::string>;

Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

// Rules R1, R3
TEST(Revocation, TakesATokenOutOfTheCacheAndTellsTheProvider) {
  World world(4U);
  const auto plan = plan_for("k");
  const auto token = world.take(plan);

  const auto report = world.keeper.revoke(token, world.in(5s));

  EXPECT_EQ(report.delivered, 1U);
  EXPECT_EQ(report.pending, 0U);
  EXPECT_EQ(world.provider.revoked(), Texts{"t1"});
  EXPECT_EQ(world.ask(plan), "t2");
}

// Rule R2
TEST(Revocation, ReachesTheChildrenOfAParentFirstInTheCacheThenUpstream) {
  World world(4U);
  const auto parent_plan = plan_for("parent");
  const auto parent = world.take(parent_plan);
  EXPECT_EQ(world.ask(plan_for("child", user("1"), parent_plan)), "t2<t1");
  EXPECT_EQ(world.ask(plan_for("other", user("1"), parent_plan)), "t3<t1");
  EXPECT_EQ(world.cache.entries(), 3U);
  std::atomic<std::size_t> held_when_told{0};
  world.provider.on_revoke([&] { held_when_told += world.cache.entries(); });

  const auto report = world.keeper.revoke(parent, world.in(5s));

  EXPECT_EQ(report.delivered, 3U);
  EXPECT_EQ(held_when_told, 0U);
  EXPECT_EQ(sorted(world.provider.revoked()), (Texts{"t1", "t2<t1", "t3<t1"}));
}

TEST(Revocation, OfAChildLeavesItsParentAlone) {
  World world(4U);
  const auto parent_plan = plan_for("parent");
  const auto child = world.take(plan_for("child", user("1"), parent_plan));

  EXPECT_EQ(world.keeper.revoke(child, world.in(5s)).delivered, 1U);

  EXPECT_EQ(world.ask(parent_plan), "t1");
  EXPECT_EQ(world.provider.revoked(), Texts{"t2<t1"});
}

// Rule R1
TEST(Revocation, OfASubjectReachesAlsoTheTokensThatWereReplaced) {
  World world(4U);
  const auto plan = plan_for("k", user("1"));
  const auto other = plan_for("o", user("2"));
  world.keeper.report_unauthorized(world.take(plan));
  EXPECT_EQ(world.ask(plan), "t2");
  EXPECT_EQ(world.ask(other), "t3");

  const auto report = world.keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));

  EXPECT_EQ(report.delivered, 2U);
  EXPECT_EQ(sorted(world.provider.revoked()), (Texts{"t1", "t2"}));
  EXPECT_EQ(world.ask(other), "t3");
  EXPECT_EQ(world.ask(plan), "t4");
}

// Rule R1
TEST(Revocation, OfEverythingLeavesNothing) {
  World world(4U);
  EXPECT_EQ(world.ask(plan_for("a", user("1"))), "t1");
  EXPECT_EQ(world.ask(plan_for("b", user("2"))), "t2");

  EXPECT_EQ(world.keeper.revoke_reach({}, nullptr, world.in(5s)).delivered, 2U);

  EXPECT_EQ(world.cache.entries(), 0U);
}

// Rule R3
TEST(Revocation, IsNotUndoneByAFlightThatLandsLate) {
  World world(4U);
  const auto plan = plan_for("k");
  world.provider.will([&](const Plan& wanted, const AccessToken* parent) {
    auto token = world.provider.ordinary(wanted, parent);
    // While the reply is on its way, everything of the subject is revoked.
    EXPECT_EQ(world.keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s)).delivered,
              0U);
    return token;
  });

  EXPECT_EQ(world.ask(plan), "t2");

  world.keeper.stop();
  EXPECT_NE(world.ask(plan), "t1");
}

// Rule R3
TEST(Revocation, OfAParentCatchesAChildThatIsBeingNarrowed) {
  World world(4U);
  const auto parent_plan = plan_for("parent");
  const auto parent = world.take(parent_plan);
  const auto child_plan = plan_for("child", user("1"), parent_plan);
  world.provider.will([&](const Plan& wanted, const AccessToken* from) {
    auto token = world.provider.ordinary(wanted, from);
    EXPECT_EQ(world.keeper.revoke(parent, world.in(5s)).delivered, 1U);
    return token;
  });

  const std::string served = world.ask(child_plan);

  EXPECT_EQ(served, "t4<t3");
}

// Rule R4
TEST(Revocation, IsKeptAndTriedAgainUntilDelivered) {
  World world(4U);
  const auto plan = plan_for("k");
  const auto token = world.take(plan);
  world.provider.revocations_fail(true);

  const auto report = world.keeper.revoke(token, world.in(0s));

  EXPECT_EQ(report.pending, 1U);
  EXPECT_EQ(world.ask(plan), "t2");  // served no more, delivered or not
  while (world.keeper.pending_revocations().at(0).attempts == 0)
    std::this_thread::yield();
  EXPECT_EQ(world.keeper.pending_revocations().at(0).last_error, "as the script says");
  world.provider.revocations_fail(false);
  world.clock->advance(1s);
  while (!world.keeper.pending_revocations().empty())
    std::this_thread::yield();
  EXPECT_EQ(world.provider.revoked(), Texts{"t1"});
}

// Rule R4
TEST(Revocation, IsGivenUpWhenTheTokenIsDeadByItself) {
  World world(4U);
  const auto token = world.take(plan_for("k"));
  world.provider.revocations_fail(true);
  EXPECT_EQ(world.keeper.revoke(token, world.in(0s)).pending, 1U);

  world.clock->advance(1h);

  while (!world.keeper.pending_revocations().empty())
    std::this_thread::yield();
  EXPECT_EQ(world.provider.revoked(), Texts{});
}

TEST(Revocation, OfATokenThatWasNotFetchedHereIsDeliveredAllTheSame) {
  World world(4U);

  const auto report = world.keeper.revoke(
      support::make_token({.value = "foreign", .sent_at = world.clock->now()}), world.in(5s));

  EXPECT_EQ(report.delivered, 1U);
  EXPECT_EQ(world.provider.revoked(), Texts{"foreign"});
}

// Rule R2
TEST(Revocation, OfATokenThatCallsItselfItsOwnParentEnds) {
  World world(4U);
  const auto plan = plan_for("k");
  world.provider.will([&](const Plan& wanted, const AccessToken*) -> Result<AccessToken> {
    auto fields = support::fields_of(
        {.value = "circle", .sent_at = world.clock->now(), .subject = wanted.request.subject});
    fields.parent = fields.fingerprint;
    return AccessToken(std::move(fields));
  });

  EXPECT_EQ(world.keeper.revoke(world.take(plan), world.in(5s)).delivered, 1U);
}

// Rule R3
TEST(Revocation, IsNotUndoneByAReportThatComesLate) {
  World world(4U);
  const auto plan = plan_for("k");
  const auto token = world.take(plan);
  EXPECT_EQ(world.keeper.revoke(token, world.in(5s)).delivered, 1U);

  world.keeper.report_unauthorized(token);

  EXPECT_EQ(world.ask(plan), "t2");
}

/// A cache in whose `erase` something else happens first, once: two threads, one after the other.
class InterruptedCache final : public TokenCache {
 public:
  explicit InterruptedCache(TokenCache& cache) : cache_(cache) {}
  void before_erase(std::function<void()> happening) { happening_ = std::move(happening); }

  std::optional<CachedToken> find(const std::string& key) override { return cache_.find(key); }
  void store(const std::string& key, CachedToken token) override {
    cache_.store(key, std::move(token));
  }
  void erase(const std::string& key, const Fingerprint& fingerprint) override {
    if (const auto happening = std::exchange(happening_, nullptr)) happening();
    cache_.erase(key, fingerprint);
  }

 private:
  TokenCache& cache_;
  std::function<void()> happening_;
};

// Rule R3
TEST(Revocation, IsNotUndoneByAReportThatItOvertakes) {
  World world(4U);
  InterruptedCache cache(world.cache);
  TokenKeeper keeper(
      {.clock = world.clock,
       .executor_for = [&](const Plan&) -> base::Executor& { return world.executor; },
       .revocation_executor = world.executor,
       .cache = cache,
       .fetcher = world.provider,
       .revoker = world.provider,
       .jitter = [] { return 0.0; }},
      {});
  const auto plan = plan_for("k");
  auto first = keeper.token(plan, world.in(5s));
  ASSERT_TRUE(first);
  keeper.report_unauthorized(*first);
  auto second = keeper.token(plan, world.in(5s));  // forced, so that the next is served if refused
  ASSERT_TRUE(second);
  cache.before_erase([&] { EXPECT_EQ(keeper.revoke(*second, world.in(5s)).delivered, 1U); });

  keeper.report_unauthorized(*second);
  const auto served = keeper.token(plan, world.in(5s));

  ASSERT_TRUE(served);
  EXPECT_EQ(support::text_of(*served), "t3");
  keeper.stop();
  world.executor.stop();
}

// Rule R3
TEST(Revocation, ReachesACallerWhoWaitsWithAStaleToken) {
  World world(4U);
  const auto plan = plan_for("k");
  const auto token = world.take(plan);
  world.clock->advance(55min);
  std::mutex gate;
  gate.lock();
  world.provider.will([&](const Plan& wanted, const AccessToken* parent) {
    const std::lock_guard pass(gate);
    return world.provider.ordinary(wanted, parent);
  });
  std::string served;
  std::thread caller([&] { served = world.ask(plan, 60s); });
  world.clock->await_waiters(1);
  EXPECT_EQ(world.keeper.revoke(token, world.in(1s)).delivered, 1U);

  world.clock->advance(2s);  // the caller's patience with the refresh is over
  gate.unlock();
  caller.join();

  EXPECT_EQ(served, "t2");
}

TEST(Revocation, OfATokenThatHasEndedSaysSoAtOnce) {
  World world(4U);
  const auto token = world.take(plan_for("k"));
  world.clock->advance(2h);

  const auto report = world.keeper.revoke(token, world.in(1h));

  EXPECT_EQ(report.ended, 1U);
  EXPECT_EQ(report.delivered, 0U);
  EXPECT_EQ(world.provider.revoked(), Texts{});
}

TEST(Revocation, ThatTheProviderWillNeverTakeIsNotWaitedFor) {
  World world(4U);
  const auto token = world.take(plan_for("k"));
  world.provider.revocations_fail(true, Errc::misconfigured);

  const auto report = world.keeper.revoke(token, world.in(1h));

  EXPECT_EQ(report.refused, 1U);
  ASSERT_TRUE(report.last_error);
  EXPECT_EQ(report.last_error->code, Errc::misconfigured);
  EXPECT_TRUE(world.keeper.pending_revocations().empty());
}

// Rule R4
TEST(Revocation, ThatOnlyAPersonCanMendIsKeptButNotWaitedFor) {
  World world(4U);
  const auto token = world.take(plan_for("k"));
  world.provider.revocations_fail(true, Errc::invalid_client);

  const auto report = world.keeper.revoke(token, world.in(1h));

  EXPECT_EQ(report.pending, 1U);
  EXPECT_EQ(world.keeper.pending_revocations().size(), 1U);
}

// Rule D2
TEST(Revocation, TakesBackATokenThatWasNeverHandedOut) {
  World world(4U);

  world.keeper.take_back(support::make_token({.value = "too wide", .sent_at = world.clock->now()}));

  while (world.provider.revoked().empty())
    std::this_thread::yield();
  EXPECT_EQ(world.provider.revoked(), Texts{"too wide"});
}

}  // namespace
}  // namespace valetkey::lifecycle
