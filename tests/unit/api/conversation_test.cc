// SPDX-License-Identifier: Apache-2.0
// Asking an authorization server: when again, with what, and what its words may not repeat.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "api/provider_session.h"
#include "oauth/form.h"
#include "support/client_world.h"
#include "support/test_token.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::ClientWorld;
using support::token_body;
using testing::HasSubstr;
using testing::Not;

constexpr const char* refused_client =
    R"({"error":"invalid_client","error_description":"The client credentials are invalid"})";

std::string ask(Client& client, const ClientWorld& world, const TokenRequest& request = {}) {
  const auto token = client.token(request, world.in(10s));
  return token ? support::text_of(*token) : std::string(name_of(token.error().code));
}

/// A provider whose metadata names its endpoints.
ProviderConfig plain_provider(const ProviderConfig& box) {
  ProviderConfig plain;
  plain.name = "plain";
  plain.type = "oauth2";
  plain.issuer = "https://login.example";
  plain.grant = "client_credentials";
  plain.client_id = box.client_id;
  plain.client_secret = box.client_secret;
  return plain;
}

/// Answers the metadata itself, and everything else by `answer`.
void answer_as_plain(ClientWorld& world, support::ScriptedTransport::Answer answer) {
  world.transport->otherwise([answer](const support::SentRequest& request) {
    if (request.method == "POST") return answer(request);
    return support::ScriptedTransport::made(
        200,
        R"({"issuer":"https://login.example","token_endpoint":"https://login.example/token"})")(
        request);
  });
}

std::size_t token_requests(const ClientWorld& world) {
  const auto sent = world.transport->sent();
  return static_cast<std::size_t>(std::count_if(
      sent.begin(), sent.end(), [](const auto& request) { return request.method == "POST"; }));
}

// Rule U4
// Failure table: the same, nothing held
TEST(Conversation, AsksAServerThatHangsAgainWhileThereIsTime) {
  ClientWorld world;
  world.transport->will_fail(Errc::timed_out, "no whole answer in time");
  world.transport->will_answer(200, token_body("one"));
  auto client = world.open();

  const auto got =
      support::with_time_running(*world.clock, 2, 100ms, [&] { return ask(client, world); });

  EXPECT_EQ(got, "one");
  EXPECT_EQ(world.transport->sent().size(), 2U);
}

// Rule U4
TEST(Conversation, DoesNotRepeatAfterAHangWhatMayHaveCounted) {
  ClientWorld world;
  auto plain = plain_provider(world.config.providers[0]);
  plain.grant = "refresh_token";
  plain.refresh_token = "file:" + world.directory.write("refresh.token", "refresh-one");
  world.config.providers = {plain};
  answer_as_plain(world, [](const auto&) -> Result<HttpResponse> {
    return fail(Errc::timed_out, "no whole answer in time");
  });
  auto client = world.open();

  const auto token = client.token({}, world.in(400ms));

  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, Errc::unreachable);
  EXPECT_THAT(token.error().context, HasSubstr("did not answer within"));
  EXPECT_EQ(token_requests(world), 1U);
}

// Rule C9
// Failure table: wrong secret
TEST(Conversation, AWrongSecretCostsOneRequestHoweverManySubjectsAsk) {
  ClientWorld world;
  world.transport->otherwise(400, refused_client);
  auto client = world.open();

  for (int id = 1; id <= 20; ++id)
    EXPECT_EQ(ask(client, world, {.subject = user(std::to_string(id))}), "invalid_client");
  const auto refused = client.token({.subject = user("21")}, world.in(1s));

  EXPECT_EQ(world.transport->sent().size(), 1U);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().hint, HasSubstr("box.secret"));
}

// Rules C9, S6
TEST(Conversation, ARefusedSecretIsTriedAgainAfterAMinuteAndAfterAReload) {
  ClientWorld world;
  world.transport->otherwise(400, refused_client);
  auto client = world.open();
  EXPECT_EQ(ask(client, world, {.subject = user("1")}), "invalid_client");

  world.clock->advance(61s);
  EXPECT_EQ(ask(client, world, {.subject = user("2")}), "invalid_client");
  EXPECT_EQ(world.transport->sent().size(), 2U);
  ASSERT_TRUE(client.reload_secrets());
  EXPECT_EQ(ask(client, world, {.subject = user("3")}), "invalid_client");

  EXPECT_EQ(world.transport->sent().size(), 3U);
}

// Rules C9, S6
TEST(Conversation, GoesOnWithTheSecondSecretWhenTheFirstIsRefused) {
  ClientWorld world;
  world.config.providers[0].client_secret.push_back(
      "file:" + world.directory.write("second.secret", "second-secret"));
  world.transport->otherwise([](const support::SentRequest& request) {
    const bool is_second = request.body.find("second-secret") != std::string::npos;
    return support::ScriptedTransport::made(
        is_second ? 200 : 400, is_second ? token_body("one") : refused_client)(request);
  });
  auto client = world.open();

  for (int id = 1; id <= 5; ++id)
    EXPECT_EQ(ask(client, world, {.subject = user(std::to_string(id))}), "one");

  EXPECT_EQ(world.transport->sent().size(), 6U);
}

// Rule S6
TEST(Conversation, TriesWhatOneSourceBringsAlthoughTheOtherFails) {
  ClientWorld world;
  const auto other = world.directory.write("other.secret", "other-secret");
  world.config.providers[0].client_secret.push_back("file:" + other);
  world.transport->otherwise([](const support::SentRequest& request) {
    const bool is_new = request.body.find("the-new-secret") != std::string::npos;
    return support::ScriptedTransport::made(is_new ? 200 : 400,
                                            is_new ? token_body("one") : refused_client)(request);
  });
  auto client = world.open();
  world.directory.write("box.secret", "the-new-secret");
  ASSERT_EQ(std::remove(other.c_str()), 0);

  EXPECT_EQ(ask(client, world), "one");
  EXPECT_EQ(world.transport->sent().size(), 3U);
}

// Rule C9
TEST(Conversation, ARefusalThatMayMeanTheUserAloneIsHeldAgainstThatUserAlone) {
  ClientWorld world;
  world.transport->will_answer(
      400, R"({"error":"invalid_grant","error_description":"Grant credentials are invalid"})");
  world.transport->otherwise(200, token_body("one"));
  auto client = world.open();

  EXPECT_EQ(ask(client, world, {.subject = user("1")}), "invalid_client");
  EXPECT_EQ(ask(client, world, {.subject = user("2")}), "one");
  EXPECT_EQ(ask(client, world, {.subject = user("1")}), "invalid_client");
}

// Rule S6
TEST(Conversation, ARotatedKeyIsTriedAlthoughTheSecretIsTheSame) {
  ClientWorld world;
  const auto make_key = [&] {
    const std::string command =
        "umask 077 && openssl genpkey -quiet -algorithm EC -pkeyopt "
        "ec_paramgen_curve:P-256 -out " +
        world.directory.path() + "/key.pem";
    ASSERT_EQ(std::system(command.c_str()), 0);
  };
  make_key();
  auto plain = plain_provider(world.config.providers[0]);
  plain.grant = "jwt";
  plain.client_auth = "client_secret_post";
  plain.private_key = "file:" + world.directory.path() + "/key.pem";
  plain.algorithm = "ES256";
  world.config.providers = {plain};
  answer_as_plain(world, [&world](const support::SentRequest& request) {
    const bool is_first = token_requests(world) == 1;
    return support::ScriptedTransport::made(is_first ? 401 : 200,
                                            is_first ? refused_client : token_body("one"))(request);
  });
  auto client = world.open();
  make_key();

  EXPECT_EQ(ask(client, world, {.subject = user("ann")}), "one");
  EXPECT_EQ(token_requests(world), 2U);
}

// Rule S3
TEST(Conversation, WhatAServerRepeatsOfOurSecretsIsInNoError) {
  ClientWorld world;
  const std::string secret = "odd/" + world.secret + "+%&end";
  world.directory.write("box.secret", secret);
  const std::string encoded = oauth::percent_encode(secret);
  const std::string words(180, 'w');
  for (const auto& said : {secret, encoded, words + secret, words + encoded}) {
    for (const auto& code : {std::string("invalid_scope"), said.substr(0, 60)}) {
      auto client = world.open();
      world.transport->will_answer(
          400, R"({"error":")" + code + R"(","error_description":"no: )" + said + "\"}");

      const auto token = client.token({}, world.in(1s));

      ASSERT_FALSE(token);
      EXPECT_THAT(describe(token.error()), HasSubstr("no: "));
      EXPECT_THAT(describe(token.error()), Not(HasSubstr(secret.substr(0, 12))));
      EXPECT_THAT(describe(token.error()), Not(HasSubstr(world.secret.substr(0, 10))));
      EXPECT_THAT(describe(token.error()), Not(HasSubstr(world.secret.substr(20))));
    }
  }
}

// Rule S3
TEST(Conversation, ATokenThatTheRevocationEndpointRepeatsIsNotInTheStatus) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("token-that-is-repeated"));
  world.transport->otherwise(
      400, R"({"error":"invalid_request","error_description":"not token-that-is-repeated"})");
  auto client = world.open();
  const auto token = client.token({}, world.in(1s));
  ASSERT_TRUE(token);

  (void)client.revoke(*token, Deadline{world.clock->now()});
  std::string last_error;
  while (last_error.empty()) {
    const auto status = client.status();
    ASSERT_EQ(status.pending_revocations.size(), 1U);
    last_error = status.pending_revocations[0].last_error;
  }

  EXPECT_THAT(last_error, HasSubstr("not "));
  EXPECT_THAT(last_error, Not(HasSubstr("repeated")));
}

struct SessionWorld : ClientWorld {
  std::unique_ptr<api::ProviderSession> open_session() {
    api::SessionParts parts;
    parts.clock = clock;
    parts.transport = transport;
    parts.jitter = [] { return 0.0; };
    parts.stopper = stopper;
    std::vector<Mistake> mistakes;
    auto session = api::ProviderSession::make(config, config.providers[0], parts, mistakes);
    EXPECT_TRUE(mistakes.empty());
    return session;
  }
  std::shared_ptr<base::Stopper> stopper = std::make_shared<base::Stopper>(clock);
};

TEST(Conversation, SendsNothingMoreWhenTheClientHasStopped) {
  SessionWorld world;
  world.transport->otherwise(200, token_body("one"));
  const auto session = world.open_session();
  world.stopper->stop();

  const auto fetched = session->fetch(
      {.subject = enterprise("777")}, nullptr, [](const Error&) {}, world.in(10s));
  const auto revoked = session->revoke(support::make_token({}), world.in(10s));

  ASSERT_FALSE(fetched.token || revoked);
  EXPECT_EQ(fetched.token.error().code, Errc::cancelled);
  EXPECT_EQ(revoked.error().code, Errc::cancelled);
  EXPECT_TRUE(world.transport->sent().empty());
}

}  // namespace
}  // namespace valetkey
