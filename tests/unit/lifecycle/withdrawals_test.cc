// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/withdrawals.h"

#include <gtest/gtest.h>

#include <string>

#include "support/test_token.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using Fence = Withdrawals::Fence;
using Verdict = Withdrawals::Verdict;

constexpr Instant start{1000h};

Plan plan_of(std::size_t provider, Subject subject) {
  Plan plan;
  plan.provider = provider;
  plan.request.subject = std::move(subject);
  return plan;
}
const Plan ours = plan_of(0, user("1"));

AccessToken sent_at(Instant when) {
  return support::make_token({.sent_at = when});
}
Fence fence_at(std::string id, Instant at, std::optional<LogPosition> position = {}) {
  return {.id = std::move(id), .at = at, .position = std::move(position), .until = at + 1h};
}
LogPosition slot(std::uint64_t number, std::string epoch = "e") {
  return {std::move(epoch), number};
}
bool keeps(const Withdrawals& withdrawals, const AccessToken& token, Withdrawals::Number number) {
  bool has_run = false;
  const bool is_kept =
      withdrawals.keep_unless_withdrawn(token, ours, number, {}, [&] { has_run = true; });
  EXPECT_EQ(is_kept, has_run);
  return is_kept;
}
bool keeps(const Withdrawals& withdrawals, const AccessToken& token,
           const std::optional<LogPosition>& position) {
  bool has_run = false;
  const bool is_kept =
      withdrawals.keep_unless_withdrawn(token, ours, position, [&] { has_run = true; });
  EXPECT_EQ(is_kept, has_run);
  EXPECT_EQ(is_kept, withdrawals.judge(token, ours, position) == Verdict::good);
  return is_kept;
}

// Rule R3
TEST(Withdrawals, BuryATokenAndWhatWasNarrowedFromIt) {
  Withdrawals withdrawals;
  withdrawals.bury(support::fingerprint_of("parent"), start + 1h, start);
  TokenFields fields = support::fields_of({.value = "child", .sent_at = start + 1min});
  fields.parent = support::fingerprint_of("parent");
  const AccessToken child(std::move(fields));
  const auto parent = support::make_token({.value = "parent", .sent_at = start + 1min});
  const auto stranger = support::make_token({.value = "stranger", .sent_at = start});

  EXPECT_TRUE(withdrawals.buried(parent.fingerprint()));
  EXPECT_FALSE(withdrawals.buried(child.fingerprint()));
  EXPECT_EQ(withdrawals.judge(parent, ours, slot(9)), Verdict::buried);
  EXPECT_EQ(withdrawals.judge(child, ours, slot(9)), Verdict::buried);
  EXPECT_FALSE(keeps(withdrawals, child, withdrawals.number()));
  EXPECT_EQ(withdrawals.judge(stranger, ours, slot(9)), Verdict::good);
}

TEST(Withdrawals, ForgetATombstoneWhenTheTokenHasEndedAndNotBefore) {
  Withdrawals withdrawals;
  withdrawals.bury(support::fingerprint_of("long"), start + 2h, start);
  withdrawals.bury(support::fingerprint_of("long"), start + 1min, start);  // heard of it again
  withdrawals.bury(support::fingerprint_of("short"), start + 1min, start);

  for (int other = 0; other < 500; ++other)
    withdrawals.bury(support::fingerprint_of(std::to_string(other)), start + 1h, start + 30min);

  EXPECT_TRUE(withdrawals.buried(support::fingerprint_of("long")));
  EXPECT_FALSE(withdrawals.buried(support::fingerprint_of("short")));
}

// Rule R3
TEST(Withdrawals, FenceInOurOwnFetchesByTheirNumber) {
  Withdrawals withdrawals;
  const auto before = withdrawals.number();
  EXPECT_TRUE(withdrawals.fence({}, fence_at("f", start), start));
  const auto after = withdrawals.number();

  // When it was sent says nothing: the number was taken first.
  EXPECT_FALSE(keeps(withdrawals, sent_at(start + 10s), before));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), after));
}

// Rule R3
TEST(Withdrawals, FenceInWhatOthersFetchedByWhatTheyKnewOfTheLog) {
  Withdrawals withdrawals;
  (void)withdrawals.fence({}, fence_at("f", start, slot(7)), start);

  EXPECT_FALSE(keeps(withdrawals, sent_at(start + 1h), slot(6)));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start - 5s), slot(7)));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start - 5s), slot(8)));
  // A place that says later when the clocks say long before was given out twice.
  EXPECT_FALSE(keeps(withdrawals, sent_at(start - 5s - 1ns), slot(8)));
}

// Rule R3
TEST(Withdrawals, FenceByTimeWhereTheLogCannotTellAndErrToTheSafeSide) {
  Withdrawals known;
  (void)known.fence({}, fence_at("f", start, slot(7)), start);
  Withdrawals unknown;
  (void)unknown.fence({}, fence_at("f", start), start);

  EXPECT_FALSE(keeps(known, sent_at(start + 5s), slot(9, "another epoch")));
  EXPECT_TRUE(keeps(known, sent_at(start + 5s + 1ns), slot(1, "another epoch")));
  EXPECT_FALSE(keeps(known, sent_at(start + 5s), std::nullopt));
  EXPECT_TRUE(keeps(known, sent_at(start + 5s + 1ns), std::nullopt));
  EXPECT_FALSE(keeps(unknown, sent_at(start + 5s), slot(9)));
  EXPECT_TRUE(keeps(unknown, sent_at(start + 5s + 1ns), slot(1)));
}

TEST(Withdrawals, LearnTheSameFenceTwiceWithoutHarmToWhatCameAfterIt) {
  Withdrawals withdrawals;
  EXPECT_TRUE(withdrawals.fence({}, fence_at("own", start), start));
  const auto after = withdrawals.number();

  EXPECT_FALSE(withdrawals.fence({}, fence_at("own", start, slot(7)), start));

  EXPECT_EQ(withdrawals.number(), after);
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), after));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), slot(7)));  // now its place is known
  EXPECT_FALSE(keeps(withdrawals, sent_at(start), slot(6)));

  EXPECT_FALSE(withdrawals.fence({}, fence_at("own", start), start));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), slot(7)));  // and stays so
}

// Rule R3
TEST(Withdrawals, LetTheLaterFenceOfAReachStand) {
  Withdrawals withdrawals;
  EXPECT_TRUE(withdrawals.fence({}, fence_at("first", start, slot(7)), start));
  const auto between = withdrawals.number();
  EXPECT_TRUE(withdrawals.fence({}, fence_at("second", start + 1min, slot(8)), start));
  const auto after = withdrawals.number();

  EXPECT_FALSE(withdrawals.fence({}, fence_at("first", start, slot(7)), start));  // read again

  EXPECT_FALSE(keeps(withdrawals, sent_at(start), between));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), after));
  EXPECT_FALSE(keeps(withdrawals, sent_at(start + 1min), slot(7)));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start + 1min), slot(8)));
}

// Rule R3: the log knows the order better than the clocks of those who wrote it.
TEST(Withdrawals, LetTheLaterFenceStandAlthoughItsMachinesClockIsBehind) {
  Withdrawals withdrawals;
  EXPECT_TRUE(withdrawals.fence({}, fence_at("ahead", start + 1s, slot(7)), start));
  const auto between = withdrawals.number();

  EXPECT_TRUE(withdrawals.fence({}, fence_at("behind", start, slot(8)), start));

  EXPECT_FALSE(keeps(withdrawals, sent_at(start), slot(7)));
  EXPECT_FALSE(keeps(withdrawals, sent_at(start), between));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), slot(8)));
  EXPECT_FALSE(keeps(withdrawals, sent_at(start + 3s), std::nullopt));  // by the later of both
}

// Rule R3
TEST(Withdrawals, FenceInOurOwnFetchesAlthoughAnotherMachinesClockIsAhead) {
  Withdrawals withdrawals;
  (void)withdrawals.fence({}, fence_at("ahead", start + 1s, slot(7)), start);
  const auto between = withdrawals.number();

  (void)withdrawals.fence({}, fence_at("own", start), start);

  EXPECT_FALSE(keeps(withdrawals, sent_at(start), between));
  EXPECT_TRUE(keeps(withdrawals, sent_at(start), withdrawals.number()));
}

TEST(Withdrawals, ForgetAFenceWhenNothingBehindItLivesAndNotBefore) {
  Withdrawals withdrawals;
  (void)withdrawals.fence({.subject = user("1")}, fence_at("short", start, slot(7)), start);
  (void)withdrawals.fence({.provider = 0}, fence_at("long", start + 30min, slot(8)), start);

  for (int other = 0; other < 500; ++other)
    (void)withdrawals.fence({.subject = user("other" + std::to_string(other))},
                            fence_at("x" + std::to_string(other), start + 1h), start + 1h);

  EXPECT_EQ(withdrawals.judge(sent_at(start), plan_of(1, user("1")), slot(6)), Verdict::good);
  EXPECT_EQ(withdrawals.judge(sent_at(start), plan_of(0, user("2")), slot(7)), Verdict::fenced);
}

// Rule R1
TEST(Withdrawals, FenceExactlyWhatIsWithinReach) {
  struct Row {
    Reach reach;
    bool takes[4];  ///< provider 0 user 1, provider 0 user 2, provider 1 user 1, provider 1 user 2
  };
  const Row rows[] = {
      {{}, {true, true, true, true}},
      {{.provider = 0}, {true, true, false, false}},
      {{.subject = user("1")}, {true, false, true, false}},
      {{.provider = 1, .subject = user("1")}, {false, false, true, false}},
      {{.subject = enterprise("1")}, {false, false, false, false}},
  };
  const Plan plans[] = {ours, plan_of(0, user("2")), plan_of(1, user("1")), plan_of(1, user("2"))};
  for (const auto& row : rows) {
    Withdrawals withdrawals;
    const auto before = withdrawals.number();
    (void)withdrawals.fence(row.reach, fence_at("f", start, slot(7)), start);
    for (std::size_t at = 0; at < 4; ++at) {
      const auto verdict = withdrawals.judge(sent_at(start), plans[at], slot(6));
      EXPECT_EQ(verdict == Verdict::fenced, row.takes[at]) << at;
      EXPECT_EQ(row.reach.covers(plans[at]), row.takes[at]) << at;
      EXPECT_EQ(withdrawals.keep_unless_withdrawn(sent_at(start), plans[at], before, {}, [] {}),
                !row.takes[at]);
    }
  }
}

}  // namespace
}  // namespace valetkey::lifecycle
