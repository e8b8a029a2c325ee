// SPDX-License-Identifier: Apache-2.0
// What every SharedStore promises, whatever it stands on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <set>
#include <thread>

#include "contract/store_kinds.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;

class SharedStoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  Result<bool> put(const StoredName& name, const std::string& version, std::string_view bytes,
                   std::chrono::milliseconds life = 10min) {
    return tools_.put(*store_, name, version, bytes, life);
  }
  std::string text(const StoredName& name) { return tools_.text(*store_, name); }
  std::string version(const StoredName& name) { return tools_.version(*store_, name); }

  const StoreTools tools_;
  const std::unique_ptr<StoreStage> stage_ = GetParam().make_stage();
  const std::shared_ptr<SharedStore> store_ = stage_->open(tools_.clock);
};

class SeveralServersContract : public SharedStoreContract {};

MATCHER(IsTrue, "") {
  if (!arg) *result_listener << describe(arg.error());
  return arg && *arg;
}
MATCHER(IsFalse, "") {
  if (!arg) *result_listener << describe(arg.error());
  return arg && !*arg;
}

TEST_P(SharedStoreContract, AnswersEachNameInOrderWhereSomeAreAbsent) {
  EXPECT_THAT(put({"one"}, "", "1"), IsTrue());
  EXPECT_THAT(put({"three"}, "", "3"), IsTrue());
  EXPECT_THAT(put({"five"}, "", "5"), IsTrue());

  const auto found =
      store_->get({{"five"}, {"two"}, {"three"}, {"four"}, {"one"}, {"three"}}, tools_.soon());

  std::vector<std::string> texts;
  for (const auto& each : found) {
    ASSERT_TRUE(each) << describe(each.error());
    texts.push_back(!*each ? "-"
                           : (*each)->bytes.reveal([](auto view) { return std::string(view); }));
  }
  EXPECT_THAT(texts, testing::ElementsAre("5", "-", "3", "-", "1", "3"));
}

TEST_P(SharedStoreContract, AnswersNothingWhenNothingIsAsked) {
  EXPECT_TRUE(store_->get({}, tools_.soon()).empty());
}

TEST_P(SharedStoreContract, FindsManyNamesAtOnce) {
  std::vector<StoredName> names;
  for (int each = 0; each < 200; ++each) {
    names.push_back({"name-" + std::to_string(each)});
    if (each % 3 == 0) continue;
    EXPECT_THAT(put(names.back(), "", std::to_string(each)), IsTrue());
  }

  const auto found = store_->get(names, tools_.soon());

  ASSERT_EQ(found.size(), names.size());
  for (std::size_t each = 0; each < found.size(); ++each) {
    ASSERT_TRUE(found[each]) << describe(found[each].error());
    EXPECT_EQ(found[each]->has_value(), each % 3 != 0) << each;
  }
}

TEST_P(SharedStoreContract, PutsWithoutVersionOnlyWhereNothingIs) {
  EXPECT_THAT(put({"name"}, "", "first"), IsTrue());

  EXPECT_THAT(put({"name"}, "", "second"), IsFalse());

  EXPECT_EQ(text({"name"}), "first");
}

TEST_P(SharedStoreContract, PutsWithVersionOnlyWhatWasSeen) {
  EXPECT_THAT(put({"name"}, "", "first"), IsTrue());
  const std::string seen = version({"name"});

  EXPECT_THAT(put({"name"}, seen, "second"), IsTrue());
  EXPECT_THAT(put({"name"}, seen, "third"), IsFalse());

  EXPECT_EQ(text({"name"}), "second");
  EXPECT_NE(version({"name"}), seen);
}

TEST_P(SharedStoreContract, TellsEqualValuesApart) {
  EXPECT_THAT(put({"name"}, "", "same"), IsTrue());
  const std::string first = version({"name"});
  EXPECT_THAT(put({"name"}, first, "same"), IsTrue());

  EXPECT_THAT(put({"name"}, first, "late"), IsFalse());

  EXPECT_EQ(text({"name"}), "same");
}

// Rule C8
TEST_P(SharedStoreContract, RefusesAnOldVersionWhenTheServerWasFlushed) {
  EXPECT_THAT(put({"name"}, "", "first"), IsTrue());
  const std::string seen = version({"name"});
  stage_->flush();
  EXPECT_EQ(text({"name"}), "nothing");

  EXPECT_THAT(put({"name"}, seen, "late"), IsFalse());
  EXPECT_EQ(text({"name"}), "nothing");

  EXPECT_THAT(put({"name"}, "", "new"), IsTrue());
  EXPECT_THAT(put({"name"}, seen, "late"), IsFalse());
  EXPECT_EQ(text({"name"}), "new");
}

TEST_P(SharedStoreContract, RefusesAVersionThatIsNone) {
  EXPECT_THAT(put({"name"}, "", "first"), IsTrue());

  EXPECT_THAT(put({"name"}, "no version of anyone", "second"), IsFalse());

  EXPECT_EQ(text({"name"}), "first");
}

TEST_P(SharedStoreContract, ShowsToOneProcessWhatAnotherPut) {
  const auto other = stage_->open(tools_.clock);
  EXPECT_THAT(put({"name"}, "", "first"), IsTrue());

  EXPECT_EQ(tools_.text(*other, {"name"}), "first");
  EXPECT_THAT(tools_.put(*other, {"name"}, version({"name"}), "second"), IsTrue());

  EXPECT_EQ(text({"name"}), "second");
}

// Rule C5
TEST_P(SharedStoreContract, LetsOneOfManyWritersWin) {
  constexpr int writers = 4;
  constexpr int rounds = 100;
  std::barrier together(writers);
  std::vector<std::atomic<int>> wins(2 * rounds);
  std::atomic<int> errors{0};
  const auto count = [&](const Result<bool>& result, int at) {
    if (!result) ++errors;
    if (result && *result) ++wins[static_cast<std::size_t>(at)];
  };

  std::vector<std::jthread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&] {
      const auto store = stage_->open(tools_.clock);
      for (int round = 0; round < rounds; ++round) {
        const StoredName name{"race-" + std::to_string(round)};
        together.arrive_and_wait();
        count(tools_.put(*store, name, "", "new"), 2 * round);
        together.arrive_and_wait();
        const std::string seen = tools_.version(*store, name);
        together.arrive_and_wait();
        count(tools_.put(*store, name, seen, "newer"), 2 * round + 1);
      }
    });
  }
  threads.clear();

  EXPECT_EQ(errors, 0);
  EXPECT_THAT(wins, testing::Each(testing::Truly([](const auto& each) { return each == 1; })));
}

TEST_P(SharedStoreContract, KeepsEveryByte) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte)
    every += static_cast<char>(byte);
  std::string large;
  while (large.size() < 16 * 1024)
    large += every;
  const std::vector<std::string> values{"",           std::string(1, '\0'),
                                        "\r\n",       "END\r\nVALUE x 0 1\r\nx\r\nEND\r\n",
                                        every,        "$-1\r\n",
                                        large,        " ",
                                        every + large};

  std::size_t number = 0;
  for (const auto& value : values) {
    const StoredName name{"bytes-" + std::to_string(number++)};
    EXPECT_THAT(put(name, "", value), IsTrue()) << number;
    EXPECT_TRUE(text(name) == value) << number;
  }
}

TEST_P(SharedStoreContract, TakesANameOfTwoHundredBytes) {
  const StoredName name{std::string(190, 'n') + "Az09:_-end"};

  EXPECT_THAT(put(name, "", "value"), IsTrue());

  EXPECT_EQ(text(name), "value");
}

TEST_P(SharedStoreContract, ForgetsAValueAtTheEndOfItsLife) {
  EXPECT_THAT(put({"short"}, "", "value", 1s), IsTrue());
  EXPECT_THAT(put({"long"}, "", "value", 24h * 365), IsTrue());
  const std::string seen = version({"short"});

  EXPECT_TRUE(tools_.eventually([&] { return text({"short"}) == "nothing"; }));

  EXPECT_THAT(put({"short"}, seen, "late"), IsFalse());
  EXPECT_THAT(put({"short"}, "", "new"), IsTrue());
  EXPECT_EQ(text({"long"}), "value");
}

TEST_P(SharedStoreContract, GivesAValueItsNewLifeWhenItIsReplaced) {
  EXPECT_THAT(put({"witness"}, "", "value", 1s), IsTrue());
  EXPECT_THAT(put({"name"}, "", "first", 1s), IsTrue());
  EXPECT_THAT(put({"name"}, version({"name"}), "second", 10min), IsTrue());

  EXPECT_TRUE(tools_.eventually([&] { return text({"witness"}) == "nothing"; }));

  EXPECT_EQ(text({"name"}), "second");
}

// Rule C8
TEST_P(SharedStoreContract, RefusesWhatIsTooLargeAndGoesOn) {
  const std::string too_large(2 * 1024 * 1024, 'x');
  EXPECT_THAT(put({"other"}, "", "before"), IsTrue());

  const auto refused = put({"name"}, "", too_large);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exhausted) << describe(refused.error());
  EXPECT_EQ(text({"other"}), "before");
  EXPECT_EQ(text({"name"}), "nothing");
  EXPECT_THAT(put({"name"}, "", "fits"), IsTrue());
  EXPECT_EQ(put({"name"}, version({"name"}), too_large).error().code, Errc::exhausted);
  EXPECT_THAT(put({"another"}, "", "after"), IsTrue());
}

// Rule R3
TEST_P(SharedStoreContract, KeepsTheCopiesOfAValueApart) {
  ASSERT_GE(store_->copies(), 1U);
  for (std::size_t copy = 0; copy < store_->copies(); ++copy)
    EXPECT_THAT(put({"name", copy}, "", "of " + std::to_string(copy)), IsTrue());

  std::vector<StoredName> names;
  for (std::size_t copy = 0; copy < store_->copies(); ++copy)
    names.push_back({"name", store_->copies() - 1 - copy});
  const auto found = store_->get(names, tools_.soon());

  ASSERT_EQ(found.size(), names.size());
  for (std::size_t each = 0; each < found.size(); ++each) {
    EXPECT_EQ(text(names[each]), "of " + std::to_string(*names[each].copy));
    ASSERT_TRUE(found[each] && *found[each]);
    EXPECT_EQ((*found[each])->version, version(names[each]));
  }
}

TEST_P(SharedStoreContract, FindsAValueForItsOwnCopyOnly) {
  for (std::size_t only = 0; only < store_->copies(); ++only) {
    const std::string name = "only-" + std::to_string(only);
    EXPECT_THAT(put({name, only}, "", "here"), IsTrue());

    for (std::size_t copy = 0; copy < store_->copies(); ++copy)
      EXPECT_EQ(text({name, copy}), copy == only ? "here" : "nothing");
  }
}

// Rule C8
TEST_P(SeveralServersContract, LosesOneCopyOfAValueWithOneServer) {
  ASSERT_GT(store_->copies(), 1U);
  constexpr std::size_t names = 60;
  for (std::size_t copy = 0; copy < store_->copies(); ++copy)
    EXPECT_THAT(put({"name", copy}, "", "kept"), IsTrue());
  for (std::size_t each = 0; each < names; ++each)
    EXPECT_THAT(put({"spread-" + std::to_string(each)}, "", "kept"), IsTrue());

  stage_->lose_one();

  std::multiset<std::string> texts;
  std::vector<StoredName> all;
  for (std::size_t copy = 0; copy < store_->copies(); ++copy) {
    texts.insert(text({"name", copy}));
    all.push_back({"name", copy});
  }
  EXPECT_EQ(texts.count("kept"), store_->copies() - 1);
  EXPECT_EQ(texts.count("error unreachable"), 1U);
  std::size_t kept = 0;
  for (const auto& each : store_->get(all, tools_.soon()))
    kept += each && *each ? 1U : 0U;
  EXPECT_EQ(kept, store_->copies() - 1);
  std::multiset<std::string> spread;
  for (std::size_t each = 0; each < names; ++each)
    spread.insert(text({"spread-" + std::to_string(each)}));
  EXPECT_GT(spread.count("kept"), names / 4);
  EXPECT_GT(spread.count("error unreachable"), 0U);
  EXPECT_EQ(spread.count("kept") + spread.count("error unreachable"), names);
}

TEST_P(SharedStoreContract, TellsTheTime) {
  const auto told = store_->time(tools_.soon());

  ASSERT_TRUE(told) << describe(told.error());
  EXPECT_LT(std::chrono::abs(*told - tools_.clock->wall_now()), 10s);
}

// Rule F1
TEST_P(SharedStoreContract, AsksNobodyWhenTheDeadlineHasPassed) {
  const Deadline passed{tools_.clock->now() - 1s};

  const auto found = store_->get({{"name"}}, passed);

  ASSERT_EQ(found.size(), 1U);
  ASSERT_FALSE(found[0]);
  EXPECT_EQ(found[0].error().code, Errc::timed_out);
  EXPECT_EQ(store_->put({"name"}, "", Secret("value"), 1min, passed).error().code, Errc::timed_out);
  EXPECT_EQ(store_->time(passed).error().code, Errc::timed_out);
  EXPECT_EQ(text({"name"}), "nothing");
}

TEST_P(SharedStoreContract, SaysWhatItIs) {
  EXPECT_FALSE(store_->description().empty());
}

std::vector<StoreKind> kinds_of_several_servers() {
  auto kinds = store_kinds();
  std::erase_if(kinds, [](const StoreKind& kind) { return !kind.of_several_servers; });
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Kinds, SharedStoreContract, testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Kinds, SeveralServersContract,
                         testing::ValuesIn(kinds_of_several_servers()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace valetkey::contract
