// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/policy.h"

#include <gtest/gtest.h>

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};
const CachePolicy policy{};

// Rule C3
TEST(PlanLifetime, CachesFiftyMinutesOfSixty) {
  const auto lifetime = plan_lifetime(start, start + 3600s, policy, 0.0);

  EXPECT_EQ(lifetime.cached_until, start + 50min);
  EXPECT_EQ(lifetime.expires_at, start + 60min);
  EXPECT_EQ(lifetime.dead_at, start + 60min - 30s);
}

struct CachedRow {
  std::chrono::seconds expires_in;
  std::chrono::seconds cached_for;
};

// Rules C2, C3
TEST(PlanLifetime, TakesTenMinutesOrASixthOffWhateverTheReplySays) {
  const CachedRow rows[] = {{3600s, 3000s}, {4250s, 3650s}, {3601s, 3001s}, {86400s, 85800s},
                            {1800s, 1500s}, {300s, 250s},   {60s, 50s}};

  for (const auto& row : rows) {
    const auto lifetime = plan_lifetime(start, start + row.expires_in, policy, 0.0);
    EXPECT_EQ(lifetime.cached_until - start, row.cached_for) << row.expires_in.count();
  }
}

// Rule C3
TEST(PlanLifetime, ScalesAConfiguredLifetimeLikeTheDefault) {
  CachePolicy forty = policy;
  forty.lifetime = 40min;

  EXPECT_EQ(plan_lifetime(start, start + 1h, forty, 0.0).cached_until, start + 40min);
  EXPECT_EQ(plan_lifetime(start, start + 30min, forty, 0.0).cached_until, start + 20min);
}

TEST(PlanLifetime, NeverMakesATokenThatIsBornDead) {
  for (const auto life : {1s, 5s, 20s, 30s, 31s, 59s}) {
    const auto lifetime = plan_lifetime(start, start + life, policy, 0.999);

    EXPECT_EQ(zone_of(lifetime, start), Zone::fresh) << life.count();
    EXPECT_LE(lifetime.ahead_at, lifetime.cached_until);
    EXPECT_LE(lifetime.cached_until, lifetime.dead_at);
    EXPECT_LE(lifetime.dead_at, lifetime.expires_at);
  }
}

// Rule C4
TEST(PlanLifetime, StartsAheadWithinTheLastTenthByJitter) {
  const auto first = plan_lifetime(start, start + 1h, policy, 0.0);
  const auto middle = plan_lifetime(start, start + 1h, policy, 0.5);
  const auto last = plan_lifetime(start, start + 1h, policy, 0.999999);

  EXPECT_EQ(first.ahead_at, start + 45min);
  EXPECT_EQ(middle.ahead_at, start + 46min + 15s);
  EXPECT_GT(last.ahead_at, start + 47min);
  EXPECT_LT(last.ahead_at, first.cached_until);
}

// Rule C4
TEST(ZoneOf, ParsLifeAtTheNamedInstantsExactly) {
  const auto lifetime = plan_lifetime(start, start + 1h, policy, 0.0);

  EXPECT_EQ(zone_of(lifetime, start), Zone::fresh);
  EXPECT_EQ(zone_of(lifetime, start + 45min - 1ns), Zone::fresh);
  EXPECT_EQ(zone_of(lifetime, start + 45min), Zone::ahead);
  EXPECT_EQ(zone_of(lifetime, start + 50min - 1ns), Zone::ahead);
  EXPECT_EQ(zone_of(lifetime, start + 50min), Zone::stale);
  EXPECT_EQ(zone_of(lifetime, start + 60min - 30s - 1ns), Zone::stale);
  EXPECT_EQ(zone_of(lifetime, start + 60min - 30s), Zone::dead);
  EXPECT_EQ(zone_of(lifetime, start + 600min), Zone::dead);
}

struct ActionRow {
  const char* what;
  std::chrono::nanoseconds age;
  Situation situation;
  Action action;
};

Situation with(std::function<void(Situation&)> change) {
  Situation situation;
  situation.held = plan_lifetime(start, start + 1h, policy, 0.0);
  change(situation);
  return situation;
}

// Rules C4, C9, U1
TEST(NextAction, IsTheWholePolicyInATable) {
  const auto blocked = [](Situation& s) { s.blocked_until = start + 2h; };
  const auto rejected = [](Situation& s) { s.rejected = true; };
  const ActionRow rows[] = {
      {"nothing held", 0s, Situation{}, Action::refresh},
      {"nothing held, failed lately", 0s, Situation{.blocked_until = start + 1s}, Action::fail},
      {"nothing held, failure over", 1s, Situation{.blocked_until = start + 1s}, Action::refresh},
      {"fresh", 1min, with([](Situation&) {}), Action::serve},
      {"fresh, failed lately", 1min, with(blocked), Action::serve},
      {"ahead", 46min, with([](Situation&) {}), Action::serve_and_refresh},
      {"ahead, refreshing", 46min, with([](Situation& s) { s.refreshing = true; }), Action::serve},
      {"ahead, failed lately", 46min, with(blocked), Action::serve},
      {"stale", 55min, with([](Situation&) {}), Action::refresh_or_serve},
      {"stale, failed lately", 55min, with(blocked), Action::serve},
      {"dead", 60min, with([](Situation&) {}), Action::refresh},
      {"dead, failed lately", 60min, with(blocked), Action::fail},
      {"rejected", 1min, with(rejected), Action::force},
      {"rejected, and so was its successor 9 s ago", 1min, with([](Situation& s) {
         s.rejected = true;
         s.is_successor = true;
         s.forced_at = start + 51s;
       }),
       Action::serve},
      {"rejected, forced 9 s ago in vain", 1min, with([](Situation& s) {
         s.rejected = true;
         s.forced_at = start + 51s;
       }),
       Action::refresh},
      {"rejected successor, more life wanted", 1min, with([](Situation& s) {
         s.rejected = true;
         s.is_successor = true;
         s.forced_at = start + 51s;
         s.min_life = 2h;
       }),
       Action::fail},
      {"more life wanted than there is", 1min,
       with([](Situation& s) { s.min_life = std::chrono::seconds::max(); }), Action::force},
      {"rejected, forced 10 s ago", 1min, with([](Situation& s) {
         s.rejected = true;
         s.forced_at = start + 50s;
       }),
       Action::force},
      {"rejected, refreshing", 1min, with([](Situation& s) {
         s.rejected = true;
         s.refreshing = true;
         s.forced_at = start + 59s;
       }),
       Action::refresh},
      {"rejected, refresh failed", 1min, with([](Situation& s) {
         s.rejected = true;
         s.blocked_until = start + 2h;
       }),
       Action::fail},
      {"more life wanted than is left", 30min, with([](Situation& s) { s.min_life = 40min; }),
       Action::force},
      {"more life wanted, forced lately", 30min, with([](Situation& s) {
         s.min_life = 40min;
         s.forced_at = start + 30min - 1s;
       }),
       Action::fail},
      {"as much life wanted as is left", 30min, with([](Situation& s) { s.min_life = 30min; }),
       Action::serve},
  };

  for (const auto& row : rows) {
    EXPECT_EQ(next_action(row.situation, start + row.age, policy), row.action) << row.what;
  }
}

// Rule C9
TEST(FailureMemory, DoublesForTransientOnesUpToABoundAndIsFixedForPermanentOnes) {
  const Error transient{.code = Errc::unreachable, .context = "away"};
  const Error permanent{.code = Errc::invalid_client, .context = "wrong"};

  EXPECT_EQ(failure_memory(transient, 1, policy, 0.0), 500ms);
  EXPECT_EQ(failure_memory(transient, 2, policy, 0.0), 1s);
  EXPECT_EQ(failure_memory(transient, 3, policy, 0.5), 3s);
  EXPECT_EQ(failure_memory(transient, 60, policy, 0.0), 15s);
  EXPECT_EQ(failure_memory(permanent, 1, policy, 0.5), 60s);
  EXPECT_EQ(failure_memory(permanent, 9, policy, 0.5), 60s);
}

// Rule U4
TEST(FailureMemory, IsNotShorterThanTheServerAskedForWithinReason) {
  Error throttled{.code = Errc::throttled, .context = "429"};

  throttled.retry_after = 120s;
  EXPECT_EQ(failure_memory(throttled, 1, policy, 0.0), 120s);
  throttled.retry_after = 24h;
  EXPECT_EQ(failure_memory(throttled, 1, policy, 0.0), 1h);
}

}  // namespace
}  // namespace valetkey::lifecycle
