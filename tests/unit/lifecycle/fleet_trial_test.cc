// SPDX-License-Identifier: Apache-2.0
// Credentials that may be wrong are tried once for the whole fleet (rules C9, S6).
#include <gtest/gtest.h>

#include <algorithm>
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
using Texts = std::vector<std::string>;

std::vector<PlanPtr> plans_of(std::initializer_list<const char*> subjects) {
  std::vector<PlanPtr> plans;
  for (const auto* const subject : subjects)
    plans.push_back(shared_plan(subject, user(subject)));
  return plans;
}

// Rule C9
// Failure table: wrong secret
TEST(FleetTrial, AsksOnceWithAWrongSecretWhoeverItIsFor) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  world.provider.will_accept("wrong", false);
  world.provider.uses("wrong");

  for (const auto& plan : plans_of({"1", "2", "3", "4"})) {
    EXPECT_EQ(a->ask(plan), "invalid_client");
    EXPECT_EQ(b->ask(plan), "invalid_client");
  }

  EXPECT_EQ(world.provider.fetched(), Texts{"1"});
}

// Rule C9
TEST(FleetTrial, AsksOnceWithAWrongSecretWhenEverybodyAsksAtOnce) {
  support::FleetWorld<base::WorkerPool> world;
  const auto a = world.join("a", 8U);
  const auto b = world.join("b", 8U);
  world.provider.uses("wrong");
  world.provider.will_accept("wrong", false);
  std::promise<void> may_answer;
  auto allowed = may_answer.get_future().share();
  world.provider.will([allowed](const Plan&, const AccessToken*) -> Result<AccessToken> {
    allowed.wait();
    return fail(Errc::invalid_client, "as the script says");
  });

  std::vector<std::string> answers(8);
  std::vector<std::thread> asking;
  for (std::size_t at = 0; at < answers.size(); ++at) {
    asking.emplace_back([&, at] {
      const auto& member = at % 2 == 0 ? a : b;
      answers[at] = member->ask(shared_plan(std::to_string(at), user(std::to_string(at))), 24h);
    });
  }
  while (a->fleet.status().waits + b->fleet.status().waits < answers.size() - 1)
    std::this_thread::yield();
  may_answer.set_value();
  std::atomic<bool> is_over{false};
  std::thread ends([&] {
    for (auto& one : asking)
      one.join();
    is_over = true;
  });
  world.pass_until([&] { return is_over.load(); });
  ends.join();

  EXPECT_EQ(answers, Texts(answers.size(), "invalid_client"));
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

TEST(FleetTrial, TriesNobodyAgainOnceTheCredentialsWereAccepted) {
  World world;
  const auto a = world.join("a");
  world.provider.uses("right");
  EXPECT_EQ(a->ask(shared_plan("1", user("1"))), "t1");
  const auto b = world.join("b");
  const std::string trial = "token:client:the providerright";
  std::atomic<unsigned> writes{0};
  world.store->before_each([&](support::MemoryStore::Operation operation, const StoredName& name) {
    writes += operation == support::MemoryStore::Operation::put && name.text == trial ? 1U : 0U;
  });

  EXPECT_EQ(a->ask(shared_plan("2", user("2"))), "t2");
  EXPECT_EQ(b->ask(shared_plan("3", user("3"))), "t3");
  EXPECT_EQ(b->ask(shared_plan("4", user("4"))), "t4");

  EXPECT_EQ(writes, 0U);
  const auto held = world.store->dump();
  EXPECT_TRUE(std::any_of(held.begin(), held.end(),
                          [&](const auto& value) { return value.first == trial; }));
}

// Rule C9: what the provider says may be of the subject, and then the next one is worth asking for.
TEST(FleetTrial, TriesEachSubjectOnceWhenTheRefusalMayBeTheSubjects) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  world.provider.uses("right");
  world.provider.will_fail(Errc::invalid_grant);
  world.provider.will_fail(Errc::invalid_grant);

  for (const auto& plan : plans_of({"gone", "disabled"})) {
    EXPECT_EQ(a->ask(plan), "invalid_grant");
    EXPECT_EQ(b->ask(plan), "invalid_grant");
  }
  EXPECT_EQ(b->ask(shared_plan("well", user("well"))), "t1");

  EXPECT_EQ(world.provider.fetched(), (Texts{"gone", "disabled", "well"}));
}

// Rules C5, C9
TEST(FleetTrial, PassesToAnotherWhenWhoeverTriedHasEnded) {
  World world;
  const auto a = world.join("a");
  const auto trial = shared_plan("client:the providerright", Subject{});
  const auto ended = world.join("ended");
  ASSERT_EQ(ended->fleet.board(*trial, {.credentials = "right"}).step, BoardingStep::fetch);
  world.gone.insert("ended");
  world.provider.uses("right");

  EXPECT_EQ(a->ask(shared_plan("1", user("1"))), "t1");

  EXPECT_EQ(a->fleet.status().taken_over, 1U);
  EXPECT_EQ(world.provider.fetched().size(), 1U);
}

// Rule S6
TEST(FleetTrial, TriesNewCredentialsAlthoughTheOldOnesAreRememberedAsRefused) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("1", user("1"));
  world.provider.uses("old");
  world.provider.will_accept("old", false);
  EXPECT_EQ(a->ask(plan), "invalid_client");
  EXPECT_EQ(b->ask(plan), "invalid_client");

  world.provider.uses("new");
  a->keeper.forget_failures();

  EXPECT_EQ(a->ask(plan), "t1");
  b->keeper.forget_failures();
  EXPECT_EQ(b->ask(plan), "t1");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C9
TEST(FleetTrial, TriesARefusedSecretAgainWhenItsMemoryIsOver) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  const auto plan = shared_plan("1", user("1"));
  world.provider.uses("label");
  world.provider.will_accept("label", false);
  EXPECT_EQ(a->ask(plan), "invalid_client");

  world.provider.will_accept("label", true);  // the provider's mistake, and mended there
  EXPECT_EQ(b->ask(plan), "invalid_client");
  world.clock->advance(61s);

  EXPECT_EQ(b->ask(plan), "t1");
  EXPECT_EQ(world.provider.fetched().size(), 2U);
}

// Rule C9: that one machine cannot reach the provider says nothing of the secret.
TEST(FleetTrial, LetsTheOthersTryForThemselvesWhenItEndedUnreachable) {
  World world;
  const auto a = world.join("a");
  const auto b = world.join("b");
  world.provider.uses("right");
  world.provider.will_fail(Errc::unreachable);

  EXPECT_EQ(a->ask(shared_plan("1", user("1")), 0s), "unreachable");
  EXPECT_EQ(b->ask(shared_plan("1", user("1"))), "t1");
  EXPECT_EQ(b->ask(shared_plan("2", user("2"))), "t2");

  EXPECT_EQ(world.provider.fetched().size(), 3U);
}

// Rule C8
TEST(FleetTrial, IsEachProcesssOwnWhileTheCacheIsAway) {
  World world;
  world.store->fail_with(Errc::unreachable);
  const auto a = world.join("a");
  world.provider.uses("right");

  EXPECT_EQ(a->ask(shared_plan("1", user("1"))), "t1");
  EXPECT_EQ(a->ask(shared_plan("2", user("2"))), "t2");
}

// Rule D1: a child is proved with its parent, and no secret is tried for it.
TEST(FleetTrial, IsNotHeldForWhatIsNarrowed) {
  World world;
  const auto a = world.join("a");
  world.provider.uses("right");

  EXPECT_EQ(a->ask(shared_plan("c", user("1"), shared_plan("p", user("1")))), "t2<t1");
}

}  // namespace
}  // namespace valetkey::lifecycle
