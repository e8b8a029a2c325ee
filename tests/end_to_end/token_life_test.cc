// SPDX-License-Identifier: Apache-2.0
// A token's whole life, over a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/emulated_world.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::call_with;
using support::EmulatedWorld;
using testing::HasSubstr;

int status_of(const Result<HttpResponse>& response) {
  EXPECT_TRUE(response) << (response ? "" : describe(response.error()));
  return response ? response->status : 0;
}

// Rule C5
// Failure table: 10 000 callers, cold
TEST(TokenLife, TenThousandAsksAreOneTokenRequestInTheProvidersOwnLedger) {
  EmulatedWorld world;
  auto client = world.open();
  std::atomic<int> served{0};
  std::vector<std::thread> callers;
  for (int thread = 0; thread < 50; ++thread) {
    callers.emplace_back([&] {
      for (int ask = 0; ask < 200; ++ask)
        served += client.token({}, deadline_in(20s)) ? 1 : 0;
    });
  }
  for (auto& caller : callers)
    caller.join();

  EXPECT_EQ(served, 10'000);
  EXPECT_EQ(world.token_requests(), 1);
}

// Rule C2
TEST(TokenLife, TakesTheLifeThatTheReplyNames) {
  EmulatedWorld world({.token_life = 4250s});
  auto client = world.open();

  const auto token = client.token({}, deadline_in(20s));

  ASSERT_TRUE(token && token->expires_at());
  EXPECT_EQ(*token->expires_at() - token->fields().sent_at, 4250s);
}

TEST(TokenLife, WorksForEverySubjectByBothServerGrants) {
  for (const auto* const file : {"valetkey.toml", "valetkey-jwt.toml"}) {
    EmulatedWorld world;
    auto client = world.open(file);
    for (const auto& id : world.emulator->facts().user_ids) {
      const auto response =
          client.call(call_with({.subject = user(id)}, "GET", "/2.0/users/me"), deadline_in(20s));

      EXPECT_EQ(status_of(response), 200);
      response->body.reveal(
          [&](std::string_view body) { EXPECT_THAT(std::string(body), HasSubstr(id)); });
    }
    EXPECT_EQ(status_of(client.call(call_with({}, "GET", "/2.0/users/me"), deadline_in(20s))), 200);
  }
}

// Rule D1
TEST(TokenLife, ANarrowTokenDoesItsOneThingAndNothingElse) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& files = world.emulator->facts().root_file_ids;
  const TokenRequest narrow{.subject = user(world.emulator->facts().user_ids[0]),
                            .scopes = {"item_download"},
                            .resource = "files/" + files[0]};

  EXPECT_EQ(status_of(client.call(call_with(narrow, "GET", "/2.0/files/" + files[0] + "/content"),
                                  deadline_in(20s))),
            200);
  EXPECT_EQ(status_of(client.call(call_with(narrow, "GET", "/2.0/files/" + files[1] + "/content"),
                                  deadline_in(20s))),
            403);
  EXPECT_EQ(status_of(client.call(call_with(narrow, "DELETE", "/2.0/files/" + files[0]),
                                  deadline_in(20s))),
            403);

  EXPECT_EQ(world.token_requests(), 2);  // the parent, and one exchange; no 403 refreshed anything
}

// Rule D1
TEST(TokenLife, NarrowsToAFolderAndItsChildrenAndToASharedLink) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& facts = world.emulator->facts();
  const TokenRequest folder{.scopes = {"item_download"}, .resource = "folders/" + facts.folder_id};
  EXPECT_EQ(status_of(client.call(
                call_with(folder, "GET", "/2.0/files/" + facts.folder_file_ids[0] + "/content"),
                deadline_in(20s))),
            200);
  EXPECT_EQ(status_of(client.call(
                call_with(folder, "GET", "/2.0/files/" + facts.root_file_ids[0] + "/content"),
                deadline_in(20s))),
            403);

  auto share = call_with({}, "PUT", "/2.0/files/" + facts.root_file_ids[0]);
  share.headers = {{"Content-Type", "application/json"}};
  share.body = Secret(R"({"shared_link":{"access":"open"}})");
  const auto shared = client.call(share, deadline_in(20s));
  EXPECT_EQ(status_of(shared), 200);
  const std::string link = shared->body.reveal([](std::string_view body) {
    return std::string(boost::json::parse(body).at("shared_link").at("url").as_string());
  });
  const auto token =
      client.token({.scopes = {"item_preview"}, .shared_link = link}, deadline_in(20s));
  EXPECT_TRUE(token) << describe(token.error());
}

// Rule U2
// Failure table: token revoked upstream behind our back
TEST(TokenLife, OneRefreshMendsATokenKilledUpstream) {
  EmulatedWorld world;
  auto client = world.open();
  EXPECT_EQ(status_of(client.call(call_with({}, "GET", "/2.0/users/me"), deadline_in(20s))), 200);
  ASSERT_TRUE(world.emulator->revoke_tokens({.all = true}));

  EXPECT_EQ(status_of(client.call(call_with({}, "GET", "/2.0/users/me"), deadline_in(20s))), 200);

  EXPECT_EQ(world.token_requests(), 2);
  EXPECT_EQ(world.ledger().at("api_calls").at("401").as_int64(), 1);
  EXPECT_EQ(client.status().counters.forced_refreshes, 1U);
}

// Rules D1, U2
TEST(TokenLife, MendsAChildWhoseParentWasKilledUpstreamToo) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& file = world.emulator->facts().root_file_ids[0];
  const auto call = call_with({.scopes = {"item_download"}, .resource = "files/" + file}, "GET",
                              "/2.0/files/" + file + "/content");
  EXPECT_EQ(status_of(client.call(call, deadline_in(20s))), 200);
  ASSERT_TRUE(world.emulator->revoke_tokens({.all = true}));

  EXPECT_EQ(status_of(client.call(call, deadline_in(20s))), 200);
}

// Rules R1, R2, R3
TEST(TokenLife, RevocationReachesParentAndChildrenAtTheProvider) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& file = world.emulator->facts().root_file_ids[0];
  auto parent = client.token({}, deadline_in(20s));
  auto child =
      client.token({.scopes = {"item_download"}, .resource = "files/" + file}, deadline_in(20s));
  ASSERT_TRUE(parent && child);
  EXPECT_TRUE(world.lives(*parent));
  EXPECT_TRUE(world.lives(*child));

  const auto report = client.revoke(*parent, deadline_in(20s));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 2U);
  EXPECT_FALSE(world.lives(*parent));
  EXPECT_FALSE(world.lives(*child));
}

// Rule R1
TEST(TokenLife, RevocationOfASubjectLeavesTheOthers) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& users = world.emulator->facts().user_ids;
  const auto one = client.token({.subject = user(users[0])}, deadline_in(20s));
  const auto two = client.token({.subject = user(users[1])}, deadline_in(20s));
  ASSERT_TRUE(one && two);

  const auto report = client.revoke_subject("", user(users[0]), deadline_in(20s));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 1U);
  EXPECT_FALSE(world.lives(*one));
  EXPECT_TRUE(world.lives(*two));
}

TEST(TokenLife, ADeveloperTokenWorksInDevelopmentAndEndsWithAClearError) {
  EmulatedWorld world;
  auto client = world.open("valetkey-developer.toml");
  const auto call = call_with({}, "GET", "/2.0/users/me");
  EXPECT_EQ(status_of(client.call(call, deadline_in(20s))), 200);
  ASSERT_TRUE(world.emulator->expire_tokens({.all = true}));

  const auto ended = client.call(call, deadline_in(20s));

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::developer_token_ended);
}

TEST(TokenLife, UploadsAndDownloadsByFile) {
  EmulatedWorld world;
  auto client = world.open();
  const std::string boundary = "----a-boundary";
  const std::string content(300'000, 'v');
  auto upload = call_with({}, "POST", "/api/2.0/files/content");
  upload.headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
  upload.body_file = BodyFile{world.directory.write(
      "form", "--" + boundary +
                  "\r\nContent-Disposition: form-data; name=\"attributes\"\r\n\r\n"
                  "{\"name\":\"new.txt\",\"parent\":{\"id\":\"0\"}}\r\n--" +
                  boundary +
                  "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"new.txt\"\r\n"
                  "Content-Type: text/plain\r\n\r\n" +
                  content + "\r\n--" + boundary + "--\r\n")};
  const auto uploaded = client.call(upload, deadline_in(20s));
  ASSERT_EQ(status_of(uploaded), 201);
  const std::string id = uploaded->body.reveal([](std::string_view body) {
    return std::string(boost::json::parse(body).at("entries").at(0).at("id").as_string());
  });

  auto download = call_with({}, "GET", "/2.0/files/" + id + "/content");
  download.answer_file = BodyFile{world.directory.path() + "/down"};
  EXPECT_EQ(status_of(client.call(download, deadline_in(20s))), 200);

  std::ifstream file(world.directory.path() + "/down", std::ios::binary);
  const std::string got((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(got == content);
}

}  // namespace
}  // namespace valetkey
