// SPDX-License-Identifier: Apache-2.0
// What goes wrong with a cache costs speed and never an answer (rule C8).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lifecycle/fleet.h"
#include "support/fleet_world.h"
#include "valetkey/log.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using support::shared_plan;
using World = support::FleetWorld<support::InlineExecutor>;
using Operation = support::MemoryStore::Operation;

// Rule C8
// Failure table: Memcached / Redis down at start, dies midway, flushed, returns another key's value
TEST(FleetInTrouble, AnswersEveryAskWhicheverQuestionToTheCacheFails) {
  // How many questions an undisturbed life has; then each of them fails, and all after it too.
  for (std::size_t failing = 0; failing < 60; ++failing) {
    for (const Errc code : {Errc::unreachable, Errc::malformed_response, Errc::exhausted}) {
      World world;
      std::atomic<std::size_t> asked{0};
      world.store->before_each([&](Operation, const StoredName&) {
        world.store->fail_with(asked++ >= failing ? std::optional(code) : std::nullopt);
      });
      const auto a = world.join("a");
      const auto b = world.join("b");
      const auto parent = shared_plan("p");
      const auto child = shared_plan("c", user("1"), parent);

      for (const auto* one : {&a, &b}) {
        const auto token = (*one)->token(child);
        ASSERT_TRUE(token) << failing << ' ' << name_of(code) << ' ' << describe(token.error());
      }
      a->keeper.report_unauthorized(a->take(child));
      EXPECT_TRUE(a->token(child)) << failing;
      (void)a->keeper.revoke(a->take(parent), world.in(5s));
      EXPECT_TRUE(a->token(child)) << failing;
      EXPECT_TRUE(b->token(child)) << failing;
    }
  }
}

TEST(FleetInTrouble, FetchesForItselfWhenTheCacheIsAwayFromTheStart) {
  World world;
  world.store->fail_with(Errc::unreachable);
  const auto a = world.join("a");
  const auto plan = shared_plan("k");

  EXPECT_EQ(a->ask(plan), "t1");
  EXPECT_EQ(a->ask(plan), "t1");
  EXPECT_FALSE(a->fleet.status().reachable);

  world.store->fail_with(std::nullopt);
  world.clock->advance(2s);
  const auto b = world.join("b");
  EXPECT_EQ(b->ask(plan), "t2");
  EXPECT_TRUE(b->fleet.status().reachable);
}

TEST(FleetInTrouble, OffersWhatItHoldsToACacheThatWasEmptied) {
  World world;
  const auto a = world.join("a");
  const auto plan = shared_plan("k");
  // Something must have been written to the log for its loss to be seen.
  (void)a->keeper.revoke(a->take(shared_plan("other", user("2"))), world.in(5s));
  EXPECT_EQ(a->ask(plan), "t2");
  world.store->flush();
  a->fleet.look(world.in(5s));
  world.pass_until([&] { return a->fleet.find("k").has_value(); });
  const auto b = world.join("b");

  EXPECT_EQ(b->ask(plan), "t2");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule R3
TEST(FleetInTrouble, OffersNothingAsGoodThatIsRevokedAtThatMoment) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  (void)a->keeper.revoke(a->take(shared_plan("other", user("2"))), world.in(5s));
  EXPECT_EQ(a->ask(plan), "t2");
  std::atomic<bool> is_revoked{false};
  world.store->flush();
  world.store->before_each([&](Operation operation, const StoredName& name) {
    if (operation != Operation::get || name.text != "token:k") return;
    world.store->before_each(nullptr);
    (void)b->keeper.revoke_reach({.subject = user("1")}, nullptr, world.in(5s));
    is_revoked = true;
  });
  a->fleet.look(world.in(5s));
  world.pass_until([&] { return is_revoked.load(); });
  a->fleet.stop();  // whatever it was about to write is written
  const auto c = world.join("c");

  EXPECT_EQ(c->ask(plan), "t3");
}

TEST(FleetInTrouble, TakesRubbishForNothingAndWritesOverIt) {
  for (const std::string& rubbish : {std::string(), std::string("x"), std::string(40, '\xFF')}) {
    World world;
    world.store->overwrite({"token:k"}, rubbish);
    const auto a = world.join("a");
    const auto b = world.join("b");
    const auto plan = shared_plan("k");

    EXPECT_EQ(a->ask(plan), "t1");
    EXPECT_EQ(b->ask(plan), "t1");
  }
}

// Each token that lands is refused, as one larger than the server allows.
TEST(FleetInTrouble, SaysOnceThatTheCacheWillNotTakeATokenAndServesItAllTheSame) {
  std::vector<std::string> warnings;
  set_log(LogLevel::warning, [&](LogLevel, std::string_view line) { warnings.emplace_back(line); });
  {
    World world;
    const auto a = world.join("a");
    std::atomic<int> puts{0};
    world.store->before_each([&](Operation operation, const StoredName& name) {
      const bool is_record = operation == Operation::put && name.text.starts_with("token:");
      const bool lands = is_record && ++puts % 3 == 2;  // lease, token, lease given back
      world.store->fail_with(lands ? std::optional(Errc::exhausted) : std::nullopt);
    });

    EXPECT_EQ(a->ask(shared_plan("k1")), "t1");
    EXPECT_EQ(a->ask(shared_plan("k2")), "t2");
    EXPECT_EQ(puts, 6);
  }
  set_log(LogLevel::off, {});

  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings.front().ends_with("are fetched by each process for itself"));
}

TEST(FleetInTrouble, GivesTheLeaseBackWhenTheCacheWillNotTakeTheToken) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  std::atomic<int> puts{0};
  world.store->before_each([&](Operation operation, const StoredName& name) {
    const bool lands = operation == Operation::put && name.text == "token:k" && ++puts == 2;
    world.store->fail_with(lands ? std::optional(Errc::exhausted) : std::nullopt);
  });

  EXPECT_EQ(a->ask(plan), "t1");
  EXPECT_EQ(b->ask(plan), "t2");  // and does not wait for a lease that nobody holds
}

TEST(FleetInTrouble, LandsInACacheThatWasEmptiedUnderTheFlight) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    world.store->flush();
    return world.provider.ordinary(of, parent);
  });

  EXPECT_EQ(a->ask(plan), "t1");
  EXPECT_EQ(b->ask(plan), "t1");
}

// Rule C5
TEST(FleetInTrouble, GivesALeaseBackWhenTheCacheAnswersAgain) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("k");
  world.provider.will([&](const Plan& of, const AccessToken* parent) {
    world.store->fail_with(Errc::timed_out);
    return world.provider.ordinary(of, parent);
  });
  EXPECT_EQ(a->ask(plan), "t1");
  const auto puts_before = world.store->puts();
  world.store->fail_with(std::nullopt);
  world.pass_until([&] {
    const auto puts = world.store->puts();
    return a->fleet.status().reachable && b->fleet.status().reachable && puts > puts_before;
  });

  EXPECT_EQ(b->ask(plan), "t2");  // at once, and not when a's lease has run out
}

TEST(FleetInTrouble, EndsItsWaitWhenTheClientStops) {
  support::FleetWorld<base::WorkerPool> world;
  const auto plan = shared_plan("k");
  const auto holder = world.join("holder", 1U);
  ASSERT_EQ(holder->fleet.board(*plan, {}).step, BoardingStep::fetch);
  const auto a = world.join("a", 2U);

  std::string answer;
  std::thread asks([&] { answer = a->ask(plan, 600s); });
  while (a->fleet.status().waits == 0)
    std::this_thread::yield();
  a->keeper.stop();
  asks.join();

  EXPECT_EQ(answer, "cancelled");
}

}  // namespace
}  // namespace valetkey::lifecycle
