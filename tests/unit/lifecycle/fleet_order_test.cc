// SPDX-License-Identifier: Apache-2.0
// Orders of events by which a revoked token could come back (rule R3).
#include <gtest/gtest.h>

#include <atomic>
#include <future>
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
using Operation = support::MemoryStore::Operation;

/// The head of the log as it is now, to be put back later: a server that remembers an older state.
std::string head_of(const World& world) {
  for (const auto& [name, bytes] : world.store->dump()) {
    if (name == "log") return bytes;
  }
  return {};
}

// Rule R3
TEST(FleetOrder, ReadsWhatWasWrittenToPlacesThatARolledBackLogGaveOutTwice) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto old_head = [&] {
    (void)a->keeper.revoke(a->take(shared_plan("1", user("2"))), world.in(5s));
    return head_of(world);
  }();
  (void)a->keeper.revoke(a->take(shared_plan("2", user("3"))), world.in(5s));
  EXPECT_EQ(b->ask(plan), a->ask(plan));
  const auto token = a->take(plan);
  b->fleet.look(world.in(5s));

  // The log goes back by one, and a process that never knew writes over the place.
  world.store->flush();
  world.store->overwrite({"log", 0}, old_head);
  const auto fresh = world.join("fresh");
  auto fields =
      support::fields_of({.value = support::text_of(token), .sent_at = world.clock->now()});
  (void)fresh->keeper.revoke(AccessToken(std::move(fields)), world.in(5s));
  world.clock->advance(1s);
  b->fleet.look(world.in(5s));

  EXPECT_NE(b->ask(plan), support::text_of(token));
}

// Rule R3
TEST(FleetOrder, LooksBeforeAWaiterIsServedWhoSleptWhileHeWaited) {
  support::FleetWorld<base::WorkerPool> world;
  const auto a = world.join("a", 2U);
  const auto b = world.join("b", 2U);
  const auto plan = shared_plan("k");
  const auto token = a->take(plan);
  EXPECT_EQ(b->ask(plan), "t1");
  world.clock->advance(55min);  // stale: fetched again, and the old one served if that takes long
  std::promise<void> may_answer;
  auto allowed = may_answer.get_future().share();
  std::promise<void> has_begun;
  world.provider.will([&, allowed](const Plan& of, const AccessToken* parent) {
    has_begun.set_value();
    allowed.wait();
    return world.provider.ordinary(of, parent);
  });

  std::string answer;
  std::atomic<bool> is_answered{false};
  std::thread asks([&] {
    answer = b->ask(plan, 1h);
    is_answered = true;
  });
  has_begun.get_future().wait();
  b->fleet.stop();  // asleep: it watches no more, and its waiter's patience ends meanwhile
  (void)a->keeper.revoke(token, world.in(5s));
  world.pass_until([&] { return is_answered || b->fleet.status().learnt != 0; });
  may_answer.set_value();
  asks.join();

  EXPECT_NE(answer, "t1");
}

// Rule R3
TEST(FleetOrder, OffersNothingThatIsRevokedWhileItIsOffered) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  const auto token = b->take(plan);
  const CachedToken held{token.share(), plan_lifetime(world.clock->now(), *token.expires_at(),
                                                      world.options.policy, 0.0)};
  const auto position = b->fleet.position();
  world.store->flush();

  (void)a->keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));
  b->fleet.offer(*plan, held, position);

  EXPECT_FALSE(b->fleet.find("k"));
  EXPECT_EQ(a->ask(plan), "t2");
}

// Rule F2
TEST(FleetOrder, ReadsALongLogInPartsAndToItsEnd) {
  World world;
  const auto a = world.join("a");
  constexpr int many = 3000;
  for (int number = 0; number < many; ++number) {
    Revocation revocation{.id = "r" + std::to_string(number)};
    revocation.tombstones = {
        {support::fingerprint_of(std::to_string(number)), world.clock->now() + 1h}};
    revocation.at = world.clock->now();
    revocation.until = world.clock->now() + 1h;
    EXPECT_TRUE(a->fleet.announce(std::move(revocation), world.in(5s)));
  }

  const auto late = world.join("late");

  EXPECT_EQ(late->fleet.status().learnt, std::uint64_t{many});
  EXPECT_TRUE(late->fleet.is_current(world.clock->now()));
}

TEST(FleetOrder, BelievesNoTokenThatWasFetchedInTheFuture) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    auto token = world.provider.ordinary(of, parent);
    auto fields = support::fields_of(
        {.value = "early", .sent_at = world.clock->now() + 10min, .subject = of.request.subject});
    return Result<AccessToken>(AccessToken(std::move(fields)));
  });
  EXPECT_EQ(a->ask(plan), "early");
  const auto b = world.join("b");

  EXPECT_EQ(b->ask(plan), "t2");
}

// Rule C1
TEST(FleetOrder, GivesNobodyATokenThatLiesUnderHisKeyAndIsAnothers) {
  World world;
  const auto a = world.join("a");
  const auto mine = shared_plan("k", user("1"));
  const auto theirs = shared_plan("k", user("2"));  // by a mistake that no key should allow

  EXPECT_EQ(a->ask(mine), "t1");
  const auto b = world.join("b");

  EXPECT_EQ(b->ask(theirs), "t2");
}

}  // namespace
}  // namespace valetkey::lifecycle
