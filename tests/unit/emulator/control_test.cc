// SPDX-License-Identifier: Apache-2.0
// The control paths, over the wire and in the process.
#include "emulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

std::string fingerprint(const std::string& token) {
  return std::string(crypto::fingerprint_of(token).text());
}

TEST(LedgerPath, CountsTokenRequestsBySort) {
  const Emulated box;
  const auto parent = box.service_token();
  const auto& id = box.facts().root_file_ids[0];
  EXPECT_EQ(box.exchange(parent, "item_preview item_download", "files/" + id).status, 200);
  EXPECT_EQ(box.refresh("x").status, 400);
  EXPECT_EQ(box.revoke(parent).status, 200);

  const auto ledger = ask(box.url(), "GET", "/_emulator/ledger").json();

  const auto& requests = ledger.at("token_requests").as_object();
  const auto enterprise = "enterprise:" + box.facts().enterprise_id;
  EXPECT_EQ(requests.at("total"), 3);
  EXPECT_EQ(requests.at("by_grant").at("client_credentials"), 1);
  EXPECT_EQ(requests.at("by_grant").at("token-exchange"), 1);
  EXPECT_EQ(requests.at("by_grant").at("refresh_token"), 1);
  EXPECT_EQ(requests.at("by_subject").at(enterprise), 2);
  EXPECT_EQ(requests.at("by_restriction").at("item_download item_preview files/" + id), 1);
  EXPECT_EQ(requests.at("by_status").at("400"), 1);
  EXPECT_EQ(ledger.at("revocations").at("total"), 1);
  EXPECT_EQ(ledger.at("revocations").at("by_kind").at("access_token"), 1);
}

TEST(LedgerPath, CountsApiCallsByStatusAndListsLiveTokens) {
  const Emulated box;
  const auto token = box.service_token();
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", "x").status, 401);

  const auto ledger = box.ledger();

  EXPECT_EQ(ledger.at("api_calls").at("200"), 2);
  EXPECT_EQ(ledger.at("api_calls").at("401"), 1);
  ASSERT_EQ(ledger.at("live_tokens").as_array().size(), 1U);
  EXPECT_EQ(ledger.at("live_tokens").at(0).as_string(), fingerprint(token));
}

TEST(LedgerPath, HoldsNoToken) {
  const Emulated box;
  const auto pair = box.sign_in();
  EXPECT_EQ(box.exchange(pair.text("access_token"), "root_readonly").status, 200);

  const auto text = box.emulator->ledger_json();

  EXPECT_EQ(text.find(pair.text("access_token")), std::string::npos);
  EXPECT_EQ(text.find(pair.text("refresh_token")), std::string::npos);
  EXPECT_EQ(text.find(box.secret), std::string::npos);
}

TEST(TokenPaths, ExpireByFingerprintSubjectOrAll) {
  const Emulated box;
  const auto first = box.service_token();
  const auto second = box.service_token();
  const auto third = box.user_token(0);
  const auto fourth = box.user_token(1);

  const auto one =
      box.control("tokens/expire", R"({"fingerprint":")" + fingerprint(first) + R"("})");
  EXPECT_EQ(one.json().at("tokens"), 1);
  EXPECT_EQ(box.get("/2.0/users/me", first).status, 401);
  EXPECT_EQ(box.get("/2.0/users/me", second).status, 200);

  const auto subject =
      box.control("tokens/expire", R"({"subject":"user:)" + box.facts().user_ids[0] + R"("})");
  EXPECT_EQ(subject.json().at("tokens"), 1);
  EXPECT_EQ(box.get("/2.0/users/me", third).status, 401);
  EXPECT_EQ(box.get("/2.0/users/me", fourth).status, 200);

  EXPECT_EQ(box.control("tokens/expire", R"({"all":true})").json().at("tokens"), 2);
  EXPECT_EQ(box.get("/2.0/users/me", fourth).status, 401);
}

TEST(TokenPaths, ExpiryLeavesTheRefreshTokenAndRevocationDoesNot) {
  const Emulated box;
  const auto first = box.sign_in();
  EXPECT_EQ(box.emulator->expire_tokens({.all = true}), 1U);
  EXPECT_EQ(box.get("/2.0/users/me", first.text("access_token")).status, 401);
  EXPECT_EQ(box.refresh(first.text("refresh_token")).status, 200);

  const auto second = box.sign_in();
  EXPECT_TRUE(box.emulator->revoke_tokens({.all = true}));
  EXPECT_EQ(box.refresh(second.text("refresh_token")).status, 400);
}

TEST(ClockPath, AdvanceAgesTokensAndSkewOnlyMisleads) {
  const Emulated box({.token_life = std::chrono::seconds(1000)});
  const auto token = box.service_token();

  const auto skewed = box.control("clock", R"({"skew_s":100000})");
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
  const auto advanced = box.control("clock", R"({"skew_s":0,"advance_s":1001})");

  EXPECT_EQ(skewed.status, 200);
  EXPECT_EQ(advanced.status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 401);
}

TEST(ClockPath, SkewShowsInTheDateHeader) {
  const Emulated box;
  const auto date_of = [](const Answer& answer) {
    std::tm parts{};
    ::strptime(answer.header("Date").c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return ::timegm(&parts);
  };
  const auto before = date_of(ask(box.url(), "GET", "/_emulator/facts"));
  box.emulator->skew_clock(std::chrono::seconds(-300));

  const auto after = date_of(ask(box.url(), "GET", "/_emulator/facts"));

  EXPECT_NEAR(static_cast<double>(after - before), -300, 5);
}

TEST(DisabledUser, Gets401ForEverAndNewTokensAllTheSame) {
  const Emulated box;
  const auto& id = box.facts().user_ids[0];
  const auto held = box.user_token(0);

  const auto disabled = box.control("users/disable", R"({"id":")" + id + R"("})");
  const auto fresh = box.ask_for("user", id);

  EXPECT_EQ(disabled.status, 200);
  EXPECT_EQ(fresh.status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", held).status, 401);
  EXPECT_EQ(box.get("/2.0/users/me", fresh.text("access_token")).status, 401);
  EXPECT_EQ(box.get("/2.0/users/me", box.user_token(1)).status, 200);
}

TEST(Reset, GivesACleanStateWithTheSameFacts) {
  Emulated box;
  const TemporaryDirectory directory;
  EXPECT_TRUE(box.emulator->write_config(directory.path()));
  const auto developer = directory.read("developer.token");
  const auto token = box.service_token();
  const auto file = "/2.0/files/" + box.facts().root_file_ids[0];
  EXPECT_EQ(box.call("DELETE", file, token).status, 204);
  EXPECT_TRUE(box.emulator->disable_user(box.facts().user_ids[0]));
  EXPECT_TRUE(box.emulator->add_faults(R"([{"action":{"status":503}}])"));
  box.emulator->skew_clock(std::chrono::hours(5));

  EXPECT_EQ(box.control("reset", "").status, 200);

  EXPECT_EQ(box.ledger().at("token_requests").at("total"), 0);
  EXPECT_EQ(box.get(file, token).status, 401);
  EXPECT_EQ(box.get(file, box.user_token(0)).status, 200);
  EXPECT_EQ(box.get(file, developer).status, 200);
}

TEST(DeveloperToken, IsTheAdminsAndLivesAsLongAsOthers) {
  const Emulated box;
  const auto token = box.emulator->issue_developer_token().reveal(
      [](std::string_view text) { return std::string(text); });

  EXPECT_EQ(token.size(), 32U);
  EXPECT_EQ(box.get("/2.0/users/me", token).text("id"), box.facts().admin_id);
  EXPECT_EQ(box.revoke(token).status, 200);
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 401);
}

TEST(FactsPath, SaysWhatAClientNeedsAndNoSecret) {
  const Emulated box;

  const auto answer = ask(box.url(), "GET", "/_emulator/facts");

  EXPECT_EQ(answer.text("client_id"), box.facts().client_id);
  EXPECT_EQ(answer.json().at("user_ids").as_array().size(), 3U);
  EXPECT_GE(answer.json().at("root_file_ids").as_array().size(), 3U);
  EXPECT_EQ(answer.body.find(box.secret), std::string::npos);
}

TEST(ControlPaths, SayWhatIsWrongWithTheirInput) {
  const Emulated box;
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"clock", "rubbish", "JSON object"},
      {"clock", "{}", "advance_s"},
      {"clock", R"({"advance_s":-1})", "advance_s"},
      {"clock", R"({"advance_s":1.5})", "advance_s"},
      {"clock", R"({"skew_s":"1"})", "skew_s"},
      {"clock", R"({"skew_s":9223372036854775807})", "skew_s"},
      {"clock", R"({"warp":1})", "warp"},
      {"tokens/expire", "{}", "exactly one"},
      {"tokens/expire", R"({"all":true,"subject":"user:1"})", "exactly one"},
      {"tokens/revoke", R"({"fingerprint":"short"})", "12 hex digits"},
      {"tokens/revoke", R"({"subject":"group:1"})", "user:ID"},
      {"users/disable", R"({"id":"1"})", "no user"},
      {"users/disable", R"({"id":1})", "string"},
      {"faults", "7", "JSON list"},
      {"faults", "{}", "action"},
      {"faults", "[1]", "fault 1"},
      {"faults", R"([{"action":{"status":503}},{"action":{}}])", "fault 2"},
      {"faults", R"([{"action":{"status":99}}])", "status"},
      {"faults", R"([{"action":{"delay_ms":-1}}])", "delay_ms"},
      {"faults", R"([{"action":{"close":"sometime"}}])", "close"},
      {"faults", R"([{"action":{"body":"x"}}])", "status"},
      {"faults", R"([{"action":{"explode":true}}])", "explode"},
      {"faults", R"([{"match":{"pth":"/x"},"action":{"status":503}}])", "pth"},
      {"faults", R"([{"match":"2.0","action":{"status":503}}])", "path"},
      {"faults", R"([{"match":{"grant":"magic"},"action":{"status":503}}])", "grant"},
      {"faults", R"([{"times":0,"action":{"status":503}}])", "times"},
      {"faults", R"([{"action":{"status":503,"headers":{"a\r\nb":"c"}}}])", "header"},
      {"faults", R"([{"action":{"huge":99999999999}}])", "huge"},
  };
  for (const auto& [path, body, said] : cases) {
    const auto answer = box.control(path, body);

    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.text("error"), HasSubstr(said)) << body;
  }
}

TEST(ControlPaths, RefuseOtherMethodsAndUnknownPaths) {
  const Emulated box;

  EXPECT_EQ(ask(box.url(), "GET", "/_emulator/reset").status, 405);
  EXPECT_EQ(ask(box.url(), "POST", "/_emulator/ledger").status, 405);
  EXPECT_EQ(ask(box.url(), "POST", "/_emulator/nothing").status, 404);
}

TEST(ControlPaths, RefuseAPageInABrowser) {
  const Emulated box;
  const auto token = box.service_token();

  const auto answer = ask(box.url(), "POST", "/_emulator/tokens/revoke",
                          {{"Origin", "https://evil.example"}}, R"({"all":true})");

  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
}

}  // namespace
}  // namespace valetkey::emulator::test
