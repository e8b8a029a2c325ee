// SPDX-License-Identifier: Apache-2.0
#include "valetkey/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/http_date.h"
#include "support/client_world.h"
#include "support/test_token.h"
#include "valetkey/box.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::ClientWorld;
using support::token_body;
using testing::HasSubstr;
using testing::Not;

std::string ask(Client& client, const ClientWorld& world, const TokenRequest& request = {}) {
  const auto token = client.token(request, world.in(10s));
  return token ? support::text_of(*token) : std::string(name_of(token.error().code));
}

std::string exchange_body(const std::string& value, const std::string& scope,
                          const std::string& type, const std::string& id) {
  return R"({"access_token":")" + value + R"(","expires_in":3600,"token_type":"bearer",)" +
         R"("restricted_to":[{"scope":")" + scope + R"(","object":{"type":")" + type +
         R"(","id":")" + id + R"("}}],)" +
         R"("issued_token_type":"urn:ietf:params:oauth:token-type:access_token"})";
}

TEST(Client, FetchesOnceAndServesFromMemory) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  auto client = world.open();

  EXPECT_EQ(ask(client, world), "one");
  EXPECT_EQ(ask(client, world), "one");

  const auto sent = world.transport->sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].url, "https://api.box.com/oauth2/token");
  EXPECT_THAT(sent[0].body, HasSubstr("grant_type=client_credentials"));
  EXPECT_THAT(sent[0].body, HasSubstr("box_subject_type=enterprise&box_subject_id=777"));
}

// Rule C1
TEST(Client, SharesATokenBetweenRequestsThatDifferOnlyInOrderAndKeepsOthersApart) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full"));
  world.transport->will_answer(200, exchange_body("child", "item_preview", "file", "5"));
  world.transport->will_answer(200, token_body("other"));
  auto client = world.open();
  TokenRequest request{.subject = enterprise(),
                       .scopes = {"item_preview", "item_download"},
                       .resource = box::file("5")};

  EXPECT_EQ(ask(client, world, request), "child");
  request.scopes = {"item_download", "item_preview", "item_preview"};
  request.subject = enterprise("777");
  request.resource = "files/5";
  EXPECT_EQ(ask(client, world, request), "child");
  EXPECT_EQ(ask(client, world, {.subject = user("9")}), "other");

  EXPECT_EQ(world.transport->sent().size(), 3U);
}

TEST(Client, RefusesWhatBreaksTheProvidersRulesBeforeAnythingIsSent) {
  ClientWorld world;
  auto client = world.open();

  for (const TokenRequest& request :
       {TokenRequest{.scopes = {"item_downlod"}}, TokenRequest{.subject = user("not a number")},
        TokenRequest{.resource = "https://app.box.com/file/1"}, TokenRequest{.provider = "dropbox"},
        TokenRequest{.resource = "files/1", .shared_link = "https://app.box.com/s/x"}}) {
    const auto token = client.token(request, world.in(1s));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Errc::invalid_argument);
    EXPECT_FALSE(token.error().hint.empty()) << token.error().context;
  }

  EXPECT_TRUE(world.transport->sent().empty());
}

// Rule U4
// Failure table: the same, nothing held
TEST(Client, RetriesWithinTheDeadlineAndThenSaysWhyTheProviderIsUnreachable) {
  ClientWorld world;
  world.transport->otherwise(503, "");
  auto client = world.open();

  const auto token = support::with_time_running(*world.clock, 2, 100ms,
                                                [&] { return client.token({}, world.in(10s)); });

  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, Errc::unreachable);
  EXPECT_THAT(token.error().context, HasSubstr("503"));
  EXPECT_GT(world.transport->sent().size(), 3U);
  EXPECT_LE(world.transport->sent().size(), 8U);
}

// Rule U4
TEST(Client, HonoursRetryAfterInBothForms) {
  for (const bool as_date : {false, true}) {
    ClientWorld world;
    const std::string value =
        as_date ? base::format_http_date(world.clock->wall_now() + 7s) : std::string("7");
    world.transport->will_answer(429, "", {{"Retry-After", value}});
    world.transport->will_answer(200, token_body("one"));
    auto client = world.open();
    const Instant before = world.clock->now();

    const auto token = support::with_time_running(*world.clock, 2, 100ms,
                                                  [&] { return client.token({}, world.in(20s)); });

    ASSERT_TRUE(token);
    EXPECT_GE(world.clock->now() - before, 6s) << value;
    EXPECT_LE(world.clock->now() - before, 9s) << value;
  }
}

// Rule S5
TEST(Client, CallsARedirectOfTheTokenEndpointAnErrorAndFollowsItNowhere) {
  ClientWorld world;
  world.transport->will_answer(302, "", {{"Location", "https://elsewhere.example/oauth2/token"}});
  auto client = world.open();

  EXPECT_EQ(ask(client, world), "redirected");
  EXPECT_EQ(world.transport->sent().size(), 1U);
}

// Rules C9, S6
// Failure table: wrong secret
TEST(Client, AsksOnceWithAWrongSecretAndNamesItsSource) {
  ClientWorld world;
  world.transport->otherwise(
      400, R"({"error":"invalid_grant","error_description":"Grant credentials are invalid"})");
  auto client = world.open();

  for (int call = 0; call < 50; ++call)
    EXPECT_EQ(ask(client, world), "invalid_client");
  const auto refused = client.token({}, world.in(1s));

  EXPECT_EQ(world.transport->sent().size(), 1U);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().hint, HasSubstr("box.secret"));
  EXPECT_THAT(describe(refused.error()), Not(HasSubstr(world.secret)));
}

// Rule S6
TEST(Client, ReadsASourceAgainWhenItsSecretIsRefused) {
  ClientWorld world;
  world.transport->otherwise([&](const support::SentRequest& request) {
    const bool is_new = request.body.find("the-new-secret") != std::string::npos;
    return support::ScriptedTransport::made(
        is_new ? 200 : 400,
        is_new
            ? token_body("one")
            : R"({"error":"invalid_client","error_description":"The client credentials are invalid"})")(
        request);
  });
  auto client = world.open();
  world.directory.write("box.secret", "the-new-secret\n");

  EXPECT_EQ(ask(client, world), "one");
  EXPECT_EQ(world.transport->sent().size(), 2U);
}

// Rule S6
TEST(Client, TakesTheSecretThatWasReplacedAlthoughTheOtherSourceIsGone) {
  ClientWorld world;
  const std::string second = world.directory.write("second.secret", "second-secret");
  world.config.providers[0].client_secret.push_back("file:" + second);
  world.transport->otherwise([&](const support::SentRequest& request) {
    const bool is_new = request.body.find("the-new-secret") != std::string::npos;
    return support::ScriptedTransport::made(
        is_new ? 200 : 400,
        is_new ? token_body("one")
               : R"({"error":"invalid_client","error_description":"no"})")(request);
  });
  auto client = world.open();
  world.directory.write("box.secret", "the-new-secret");
  std::filesystem::remove(second);

  EXPECT_EQ(ask(client, world), "one");
}

// Rule S6
TEST(Client, TriesTwoSecretsInOrderAndRemembersWhichOneWorked) {
  ClientWorld world;
  world.config.providers[0].client_secret.push_back(
      "file:" + world.directory.write("second.secret", "second-secret"));
  world.transport->otherwise([&](const support::SentRequest& request) {
    const bool is_second = request.body.find("second-secret") != std::string::npos;
    return support::ScriptedTransport::made(
        is_second ? 200 : 400,
        is_second ? token_body("one")
                  : R"({"error":"invalid_client","error_description":"no"})")(request);
  });
  auto client = world.open();

  EXPECT_EQ(ask(client, world), "one");
  EXPECT_EQ(world.transport->sent().size(), 2U);
  EXPECT_EQ(ask(client, world, {.subject = user("5")}), "one");
  EXPECT_EQ(world.transport->sent().size(), 3U);
}

// Rule D2
TEST(Client, RefusesAndRevokesATokenThatIsWiderThanAskedFor) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full"));
  world.transport->will_answer(200, exchange_body("wide", "item_delete", "file", "5"));
  world.transport->will_answer(200, "");
  auto client = world.open();

  EXPECT_EQ(ask(client, world, {.scopes = {"item_preview"}, .resource = "files/5"}),
            "wider_than_asked");
  while (world.transport->sent().size() < 3)
    std::this_thread::yield();

  const auto sent = world.transport->sent();
  EXPECT_EQ(sent[2].url, "https://api.box.com/oauth2/revoke");
  EXPECT_THAT(sent[2].body, HasSubstr("token=wide"));
}

// Rule D1
TEST(Client, CapsAChildsLifeByItsParents) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full", 1200));
  world.transport->will_answer(200, exchange_body("child", "item_preview", "file", "5"));
  auto client = world.open();

  const auto child =
      client.token({.scopes = {"item_preview"}, .resource = "files/5"}, world.in(5s));

  ASSERT_TRUE(child);
  EXPECT_EQ(*child->expires_at() - world.clock->now(), 1200s);
}

// Rule R2
TEST(Client, RevokesAChildWithItsParent) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full"));
  world.transport->will_answer(200, exchange_body("child", "item_preview", "file", "5"));
  world.transport->otherwise(200, "");
  auto client = world.open();
  const auto parent = client.token({}, world.in(5s));
  ASSERT_TRUE(parent);
  EXPECT_EQ(ask(client, world, {.scopes = {"item_preview"}, .resource = "files/5"}), "child");

  const auto report = client.revoke(*parent, world.in(5s));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 2U);
  EXPECT_TRUE(client.status().tokens.empty());
}

// Rule R1
TEST(Client, RevokesEverythingOfOneProviderAndNothingOfAnother) {
  ClientWorld world;
  auto second = world.config.providers[0];
  second.name = "second";
  world.config.providers.push_back(second);
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(200, token_body("two"));
  world.transport->otherwise(200, "");
  auto client = world.open();
  EXPECT_EQ(ask(client, world, {.provider = "box"}), "one");
  EXPECT_EQ(ask(client, world, {.provider = "second"}), "two");

  const auto report = client.revoke_provider("box", world.in(5s));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 1U);
  EXPECT_EQ(ask(client, world, {.provider = "second"}), "two");
}

// Rule V1
TEST(Client, RefusesADeveloperTokenInProductionBeforeItsSourceIsRead) {
  ClientWorld world;
  auto& provider = world.config.providers[0];
  provider.grant = "developer_token";
  provider.developer_token = "file:/nonexistent";

  const auto client = Client::make(world.config, {.transport = world.transport});

  ASSERT_FALSE(client);
  ASSERT_EQ(client.error().mistakes.size(), 1U);
  EXPECT_THAT(client.error().context, HasSubstr("the environment is production"));
  EXPECT_TRUE(world.transport->sent().empty());
}

// Rule V2
TEST(Client, SaysWhereTheNextDeveloperTokenIsToBeHadWhenOneHasEnded) {
  ClientWorld world;
  auto& provider = world.config.providers[0];
  world.config.environment = Environment::development;
  provider.grant = "developer_token";
  provider.developer_token = "file:" + world.directory.write("developer.token", "dev-one");
  auto client = world.open();
  const auto token = client.token({}, world.in(1s));
  ASSERT_TRUE(token);

  client.report_unauthorized(*token);
  const auto ended = client.token({}, world.in(1s));

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::developer_token_ended);
  EXPECT_THAT(ended.error().hint, HasSubstr("developer console"));
  EXPECT_THAT(ended.error().hint, HasSubstr("developer.token"));
  EXPECT_TRUE(world.transport->sent().empty());
  EXPECT_TRUE(client.status().tokens.empty());
}

TEST(Client, TakesTheNextDeveloperTokenFromItsSource) {
  ClientWorld world;
  auto& provider = world.config.providers[0];
  world.config.environment = Environment::development;
  provider.grant = "developer_token";
  provider.developer_token = "file:" + world.directory.write("developer.token", "dev-one");
  auto client = world.open();
  const auto token = client.token({}, world.in(1s));
  ASSERT_TRUE(token);
  client.report_unauthorized(*token);
  world.directory.write("developer.token", "dev-two\n");
  world.clock->advance(61s);

  EXPECT_EQ(ask(client, world), "dev-two");
}

// Rule F4
TEST(Client, TellsTheMistakesOfAllProvidersAndAllSourcesAtOnce) {
  ClientWorld world;
  world.config.providers[0].client_secret = {"file:/nonexistent/secret"};
  auto second = world.config.providers[0];
  second.name = "second";
  second.client_secret = {"file:" + world.directory.write("open.secret", "s", 0644)};
  world.config.providers.push_back(second);

  const auto client = Client::make(world.config, {.transport = world.transport});

  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().mistakes.size(), 2U) << client.error().context;
  EXPECT_THAT(client.error().context, HasSubstr("/nonexistent/secret"));
  EXPECT_THAT(client.error().mistakes[1].remedy, HasSubstr("chmod"));
}

TEST(Client, ShowsWhatItHoldsAndNeverAToken) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  auto client = world.open();
  EXPECT_EQ(ask(client, world), "one");
  EXPECT_EQ(ask(client, world), "one");
  world.clock->advance(46min);

  const auto status = client.status();

  ASSERT_EQ(status.tokens.size(), 1U);
  EXPECT_EQ(status.tokens[0].fingerprint, support::fingerprint_of("one"));
  EXPECT_EQ(status.tokens[0].age, 46min);
  EXPECT_EQ(status.tokens[0].expires_in, 14min);
  EXPECT_EQ(status.tokens[0].zone, "ahead");
  EXPECT_EQ(status.counters.token_requests, 1U);
}

TEST(TokenHandle, ServesLikeTheClientAndOutlivesIt) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  std::optional<TokenHandle> handle;
  {
    auto client = world.open();
    auto made = client.handle({});
    ASSERT_TRUE(made);
    handle.emplace(std::move(*made));
    const auto token = handle->token(world.in(5s));
    ASSERT_TRUE(token);
    EXPECT_EQ(support::text_of(*token), "one");
  }

  world.clock->advance(2h);
  const auto late = handle->token(world.in(5s));

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace valetkey
