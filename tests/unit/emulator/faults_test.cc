// SPDX-License-Identifier: Apache-2.0
// Faults: each does what it says, as often as it says, to what it matches.
#include "emulated.h"

#include <gtest/gtest.h>

#include <chrono>

#include "valetkey/time.h"

namespace valetkey::emulator::test {
namespace {

void fault(const Emulated& box, const std::string& list) {
  const auto answer = box.control("faults", list);
  EXPECT_EQ(answer.status, 200) << answer.body;
}

TEST(Faults, SayAnotherStatusWithItsHeadersSoManyTimes) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","times":2,"action":{"status":503,
                  "headers":{"Retry-After":"7","Content-Type":"text/plain"},"body":"later"}}])");

  const auto first = box.ask_for("enterprise", box.facts().enterprise_id);
  const auto second = box.ask_for("enterprise", box.facts().enterprise_id);
  const auto third = box.ask_for("enterprise", box.facts().enterprise_id);

  EXPECT_EQ(first.status, 503);
  EXPECT_EQ(first.header("Retry-After"), "7");
  EXPECT_EQ(first.body, "later");
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(third.status, 200);
  EXPECT_EQ(box.ledger().at("live_tokens").as_array().size(), 1U);
}

TEST(Faults, MatchByPathMethodAndGrant) {
  const Emulated box;
  fault(box, R"([{"match":{"grant":"token-exchange"},"action":{"status":500}},
                 {"match":{"path":"/2.0/files","method":"DELETE"},"action":{"status":502}}])");
  const auto token = box.service_token();
  const auto file = "/2.0/files/" + box.facts().root_file_ids[0];

  EXPECT_EQ(box.get(file, token).status, 200);
  EXPECT_EQ(box.call("DELETE", file, token).status, 502);
  EXPECT_EQ(box.exchange(token, "root_readonly").status, 500);
  EXPECT_EQ(box.exchange(token, "root_readonly").status, 200);
}

TEST(Faults, AreUnderstoodHoweverTheyAreSpelt) {
  for (const auto* const list :
       {R"([{"match":"POST /oauth2/token","action":{"status":500,"body":{"a":1}}}])",
        R"([{"match":"/oauth2/*","action":{"status":500,"headers":{"Retry-After":1}}}])",
        R"([{"match":{"path":"/oauth2/token","method":"post"},"action":{"status":500}}])",
        R"([{"match":{"grant_type":"client_credentials"},"action":{"status":500}}])",
        R"({"match":"/oauth2/token","action":{"status":500}})",
        R"({"faults":[{"match":"/oauth2/token","action":{"status":500}}]})"}) {
    const Emulated box;
    fault(box, list);

    EXPECT_EQ(box.ask_for("enterprise", box.facts().enterprise_id).status, 500) << list;
  }
  for (const auto* const action : {R"("close")", R"({"close":"before_commit"})",
                                   R"({"close":"after commit"})", R"({"close":true})"}) {
    const Emulated box;
    fault(box, std::string(R"([{"match":"/oauth2/token","action":)") + action + "}]");

    EXPECT_EQ(box.ask_for("enterprise", box.facts().enterprise_id).status, 0) << action;
  }
}

TEST(Faults, AreTakenBackByAnEmptyList) {
  const Emulated box;
  fault(box, R"([{"times":1000,"match":"/2.0","action":{"status":503}}])");

  fault(box, "[]");

  EXPECT_EQ(box.get("/2.0/users/me", box.service_token()).status, 200);
}

TEST(Faults, NeverTouchTheControlPaths) {
  const Emulated box;
  fault(box, R"([{"times":1000,"action":{"close":"before"}}])");

  EXPECT_EQ(ask(box.url(), "GET", "/_emulator/facts").status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", "x").status, 0);
}

TEST(Faults, CloseBeforeDoesNothing) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","action":{"close":"before"}}])");

  const auto lost = box.ask_for("enterprise", box.facts().enterprise_id);

  EXPECT_EQ(lost.status, 0);
  EXPECT_TRUE(box.ledger().at("live_tokens").as_array().empty());
  EXPECT_EQ(box.ledger().at("token_requests").at("by_status").at("closed"), 1);
}

TEST(Faults, CloseAfterLosesOnlyTheReply) {
  const Emulated box;
  const auto first = box.sign_in();
  fault(box, R"([{"match":{"grant":"refresh_token"},"action":{"close":"after"}}])");

  const auto lost = box.refresh(first.text("refresh_token"));
  const auto again = box.refresh(first.text("refresh_token"));

  EXPECT_EQ(lost.status, 0);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(box.ledger().at("live_tokens").as_array().size(), 2U);
}

TEST(Faults, CloseAfterCommitsInStrictModeToo) {
  const Emulated box({.strict_refresh = true});
  const auto first = box.sign_in();
  fault(box, R"([{"match":{"grant":"refresh_token"},"action":{"close":"after"}}])");

  EXPECT_EQ(box.refresh(first.text("refresh_token")).status, 0);

  EXPECT_EQ(box.refresh(first.text("refresh_token")).status, 400);
}

TEST(Faults, CloseAfterARevocationHasRevoked) {
  const Emulated box;
  const auto token = box.service_token();
  fault(box, R"([{"match":"/oauth2/revoke","action":{"close":"after"}}])");

  EXPECT_EQ(box.revoke(token).status, 0);

  EXPECT_EQ(box.get("/2.0/users/me", token).status, 401);
}

TEST(Faults, AStatusCanLieAboutWhatWasDone) {
  const Emulated box;
  const auto token = box.service_token();
  fault(box, R"([{"match":"/2.0/folders","action":{"status":503,"commit":true}}])");

  const auto made = box.call("POST", "/2.0/folders", token, R"({"name":"Q","parent":{"id":"0"}})");
  const auto again = box.call("POST", "/2.0/folders", token, R"({"name":"Q","parent":{"id":"0"}})");

  EXPECT_EQ(made.status, 503);
  EXPECT_EQ(again.status, 409);
}

TEST(Faults, TruncateEndsInTheMiddle) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","action":{"truncate":10}}])");

  const auto cut = box.ask_for("enterprise", box.facts().enterprise_id);

  EXPECT_EQ(cut.status, 200);
  EXPECT_EQ(cut.body.size(), 10U);
  EXPECT_GT(cut.announced, 10U);
}

TEST(Faults, MalformedIsNoJson) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","action":{"malformed":true}}])");

  const auto answer = box.ask_for("enterprise", box.facts().enterprise_id);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), answer.announced);
  EXPECT_TRUE(answer.json().empty());
}

TEST(Faults, HugeIsAsLargeAsItSays) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","action":{"huge":10000000}}])");

  const auto answer = box.ask_for("enterprise", box.facts().enterprise_id);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.announced, 10'000'000U);
  EXPECT_EQ(answer.body.size(), 10'000'000U);
}

TEST(Faults, HugeCanBeTruncatedToo) {
  const Emulated box;
  fault(box, R"([{"match":"/oauth2/token","action":{"huge":10000000,"truncate":1000000}}])");

  EXPECT_EQ(box.ask_for("enterprise", box.facts().enterprise_id).body.size(), 1'000'000U);
}

TEST(Faults, DelayAndSlownessTakeTheirTime) {
  const Emulated box;
  const auto clock = make_system_clock();
  fault(box, R"([{"match":"/2.0/","action":{"delay_ms":60}},
                 {"match":"/oauth2/token","action":{"slow_ms_per_byte":1}}])");

  const auto start = clock->now();
  EXPECT_EQ(box.get("/2.0/users/me", "x").status, 401);
  const auto middle = clock->now();
  const auto slow = box.refresh("x");
  const auto end = clock->now();

  EXPECT_GE(middle - start, std::chrono::milliseconds(60));
  EXPECT_GE(end - middle, std::chrono::milliseconds(slow.body.size() - 1));
  EXPECT_EQ(slow.text("error"), "invalid_grant");
}

TEST(Faults, ADelayedRequestDoesNotHoldUpOthers) {
  const Emulated box;
  fault(box, R"([{"match":"/2.0/","action":{"delay_ms":600000}}])");
  RawConnection waiting(box.url());
  waiting.write(format_request("GET", "/2.0/users/me", {}, {}));

  EXPECT_EQ(box.refresh("x").status, 400);
}

}  // namespace
}  // namespace valetkey::emulator::test
