// SPDX-License-Identifier: Apache-2.0
// The state table of refresh tokens, row by row.
#include "emulated.h"

#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

struct Pair {
  std::string access;
  std::string refresh;
};

Pair pair_of(const Answer& answer) {
  return {answer.text("access_token"), answer.text("refresh_token")};
}

int use(const Emulated& box, const Pair& pair) {
  return box.get("/2.0/users/me", pair.access).status;
}

TEST(Refresh, GivesAPendingPairAndLeavesTheOldOneAlive) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());

  const auto second = pair_of(box.refresh(first.refresh));

  EXPECT_NE(second.access, first.access);
  EXPECT_NE(second.refresh, first.refresh);
  EXPECT_EQ(use(box, first), 200);
}

TEST(Refresh, AgainGivesTheSamePairWithWhatIsLeftOfItsLife) {
  const Emulated box({.token_life = std::chrono::seconds(3600)});
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));
  box.emulator->advance_clock(std::chrono::seconds(100));

  const auto again = box.refresh(first.refresh);

  EXPECT_EQ(again.text("access_token"), second.access);
  EXPECT_EQ(again.text("refresh_token"), second.refresh);
  EXPECT_LE(again.json().at("expires_in").as_int64(), 3500);
  EXPECT_GE(again.json().at("expires_in").as_int64(), 3400);
}

TEST(Refresh, StaysRepeatableWhileOnlyTheOldAccessTokenIsUsed) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));

  EXPECT_EQ(use(box, first), 200);

  EXPECT_EQ(pair_of(box.refresh(first.refresh)).access, second.access);
}

TEST(Refresh, IsCommittedByTheFirstUseOfTheNewAccessToken) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));

  EXPECT_EQ(use(box, second), 200);

  const auto replay = box.refresh(first.refresh);
  EXPECT_EQ(use(box, first), 401);
  EXPECT_EQ(replay.status, 400);
  EXPECT_EQ(replay.text("error_description"), "Invalid refresh token");
}

TEST(Refresh, ReplayOfADeadTokenKillsNothingElse) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));
  EXPECT_EQ(use(box, second), 200);

  for (int again = 0; again < 3; ++again)
    EXPECT_EQ(box.refresh(first.refresh).status, 400);

  EXPECT_EQ(use(box, second), 200);
  EXPECT_EQ(box.refresh(second.refresh).status, 200);
}

TEST(Refresh, WithAPendingRefreshTokenCommitsItsPair) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));

  const auto third = pair_of(box.refresh(second.refresh));

  EXPECT_FALSE(third.access.empty());
  EXPECT_EQ(box.refresh(first.refresh).status, 400);
  EXPECT_EQ(use(box, first), 401);
  EXPECT_EQ(use(box, second), 200);
}

TEST(Refresh, MakesANewPairWhenThePendingOneEndedUnused) {
  const Emulated box({.token_life = std::chrono::seconds(3600)});
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));
  box.emulator->advance_clock(std::chrono::seconds(3600));

  const auto third = pair_of(box.refresh(first.refresh));

  EXPECT_NE(third.access, second.access);
  EXPECT_EQ(use(box, third), 200);
  EXPECT_EQ(box.refresh(second.refresh).status, 400);
}

TEST(Refresh, TokenDiesAfterSixtyDays) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  box.emulator->advance_clock(std::chrono::hours(60 * 24));

  const auto late = box.refresh(first.refresh);

  EXPECT_EQ(late.status, 400);
  EXPECT_EQ(late.text("error_description"), "Refresh token has expired");
}

TEST(Refresh, InStrictModeKillsTheOldRefreshTokenAtOnce) {
  const Emulated box({.strict_refresh = true});
  const auto first = pair_of(box.sign_in());

  const auto second = pair_of(box.refresh(first.refresh));

  EXPECT_EQ(box.refresh(first.refresh).status, 400);
  EXPECT_EQ(use(box, second), 200);
  EXPECT_EQ(box.refresh(second.refresh).status, 200);
}

TEST(Refresh, AnExchangeIsAUseToo) {
  const Emulated box;
  const auto first = pair_of(box.sign_in());
  const auto second = pair_of(box.refresh(first.refresh));

  EXPECT_EQ(box.exchange(second.access, "root_readonly").status, 200);

  EXPECT_EQ(box.refresh(first.refresh).status, 400);
}

TEST(Refresh, KeepsTheScopeOfTheSignIn) {
  const Emulated box;
  const auto first = pair_of(box.sign_in({.scope = "root_readonly"}));
  const auto second = pair_of(box.refresh(first.refresh));

  const auto made =
      box.call("POST", "/2.0/folders", second.access, R"({"name":"x","parent":{"id":"0"}})");

  EXPECT_EQ(made.status, 403);
}

}  // namespace
}  // namespace valetkey::emulator::test
