// SPDX-License-Identifier: Apache-2.0
// The library against a certified authorization server that this project did not write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "support/certified_server.h"
#include "support/wrong_wall_clock.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::CertifiedServer;
using support::WrongWallClock;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> client_names = {"client_secret_post", "client_secret_basic",
                                               "private_key_jwt_rs256", "private_key_jwt_es256"};

Deadline soon() {
  return deadline_in(20s);
}

std::string code_of(const Result<AccessToken>& token) {
  return token ? "token" : std::string(name_of(token.error().code));
}

/// The file that holds what the client proves itself with.
std::string proof_of(const CertifiedServer& server, const std::string& client) {
  const bool has_key = client.starts_with("private_key");
  return server.directory.path() + "/" + client + (has_key ? ".pem" : ".secret");
}

/// A key that nobody registered, mode 0600.
void write_new_key(const std::string& path, const std::string& algorithm) {
  const std::string kind = algorithm == "RS256" ? "RSA" : "EC -pkeyopt ec_paramgen_curve:P-256";
  support::last_line_of("umask 077 && openssl genpkey -quiet -algorithm " + kind + " -out " + path);
}

TEST(Discovery, FindsTheEndpointsByTheIssuerWhereverItsMetadataStand) {
  const std::vector<std::vector<std::string>> places = {
      {}, {"--path", "/tenant/one"}, {"--openid-only"}, {"--path", "/tenant", "--openid-only"}};
  for (const auto& words : places) {
    SCOPED_TRACE(testing::PrintToString(words));
    const CertifiedServer server(words);

    auto client = server.open("client_secret_basic");

    EXPECT_EQ(code_of(client.token({}, soon())), "token");
  }
}

// RFC 8414 §3.3
TEST(Discovery, AWrongIssuerIsRefusedAndTheErrorNamesIt) {
  const CertifiedServer server({"--path", "/tenant"});
  const auto right = server.fact("issuer");
  const auto port = right.substr(0, right.size() - std::string("/tenant").size()).substr(17);
  for (const auto& wrong : {right + "/", right + "/two", "http://127.0.0.1:" + port,
                            "http://localhost:" + port + "/tenant"}) {
    SCOPED_TRACE(wrong);
    auto config = server.config("client_secret_post");
    config.providers[0].issuer = wrong;
    auto client = CertifiedServer::open(std::move(config));

    const auto token = client.token({}, soon());

    EXPECT_EQ(code_of(token), "misconfigured");
    EXPECT_THAT(token.error().hint, HasSubstr("issuer"));
    EXPECT_EQ(client.status().counters.token_requests, 0U);
  }
}

TEST(CertifiedClient, ProvesItselfInEveryWay) {
  const CertifiedServer server;
  for (const auto& name : client_names) {
    SCOPED_TRACE(name);
    auto client = server.open(name);

    const auto token = client.token({.scopes = {"api:read"}}, soon());

    ASSERT_TRUE(token) << describe(token.error());
    EXPECT_THAT(token->scopes(), ElementsAre("api:read"));
    EXPECT_EQ(*token->expires_at() - token->fields().sent_at, 3600s);
    EXPECT_EQ(client.status().counters.token_requests, 1U);
  }
}

TEST(CertifiedClient, PicksAWayToProveItselfThatItHasAndTheServerTakes) {
  const CertifiedServer server;
  for (const auto* const name :
       {"client_secret_basic", "private_key_jwt_rs256", "private_key_jwt_es256"}) {
    SCOPED_TRACE(name);
    auto config = server.config(name);
    config.providers[0].client_auth = "";
    auto client = CertifiedServer::open(std::move(config));

    EXPECT_EQ(code_of(client.token({}, soon())), "token");
  }
}

// Rule R1
TEST(CertifiedClient, IntrospectsALiveTokenAndRevokesIt) {
  const CertifiedServer server;
  for (const auto& name : client_names) {
    SCOPED_TRACE(name);
    auto client = server.open(name);
    const auto token = client.token({.scopes = {"api:read", "api:write"}}, soon());
    ASSERT_TRUE(token) << describe(token.error());

    const auto alive = client.introspect(*token, soon());
    const auto report = client.revoke(*token, soon());
    const auto dead = client.introspect(*token, soon());

    ASSERT_TRUE(alive && report && dead);
    EXPECT_TRUE(alive->active);
    EXPECT_EQ(alive->client_id, client.config().providers[0].client_id);
    EXPECT_THAT(alive->scopes, ElementsAre("api:read", "api:write"));
    EXPECT_EQ(alive->issuer, server.fact("issuer"));
    EXPECT_EQ(report->delivered, 1U);
    EXPECT_FALSE(dead->active);
  }
}

// Rules U1, U2
TEST(CertifiedClient, ACallSurvivesATokenThatSomebodyElseRevoked) {
  const CertifiedServer server;
  auto client = server.open("client_secret_post");
  auto other = server.open("client_secret_post");
  const ApiCall whoami{.token = {.scopes = {"api:read"}}, .target = "/api/whoami"};
  const auto token = client.token(whoami.token, soon());
  ASSERT_TRUE(token);
  ASSERT_TRUE(
      other.revoke("", token->reveal([](std::string_view text) { return Secret(text); }), soon()));

  const auto answer = client.call(whoami, soon());

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(client.status().counters.forced_refreshes, 1U);
}

// RFC 8707 §2
TEST(CertifiedClient, AResourceGoesIntoTheTokenRequest) {
  const CertifiedServer server;
  auto client = server.open("client_secret_post");
  const auto resource = server.fact("resource");

  const auto token = client.token({.scopes = {"api:read"}, .resource = resource}, soon());
  const auto other =
      client.token({.scopes = {"api:read"}, .resource = "https://elsewhere.example/"}, soon());

  ASSERT_TRUE(token) << describe(token.error());
  const auto told = client.introspect(*token, soon());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->audience, resource);
  EXPECT_THAT(told->scopes, ElementsAre("api:read"));
  EXPECT_EQ(code_of(other), "invalid_target");
}

TEST(CertifiedClient, AScopeThatItMayNotHaveIsRefusedAndAskedOnce) {
  const CertifiedServer server;
  auto client = server.open("client_secret_basic");

  for (int ask = 0; ask < 5; ++ask) {
    const auto token = client.token({.scopes = {"api:admin"}}, soon());

    EXPECT_EQ(code_of(token), "invalid_scope");
    EXPECT_FALSE(token.error().hint.empty());
  }

  EXPECT_EQ(client.status().counters.token_requests, 1U);
}

// Rule C9
// Failure table: wrong secret
TEST(CertifiedClient, AWrongSecretOrKeyIsAskedOnceAndTheHintNamesItsSource) {
  const CertifiedServer server;
  for (const auto& name : client_names) {
    SCOPED_TRACE(name);
    auto config = server.config(name);
    auto& provider = config.providers[0];
    if (provider.private_key.empty()) {
      server.directory.write("wrong", crypto::random_alphanumerics(32));
      provider.client_secret = {"file:wrong"};
    } else {
      provider.private_key = "file:wrong";
      write_new_key(server.directory.path() + "/wrong", provider.algorithm);
    }
    auto client = CertifiedServer::open(std::move(config));

    for (int ask = 0; ask < 5; ++ask) {
      const auto token = client.token({}, soon());

      EXPECT_EQ(code_of(token), "invalid_client");
      EXPECT_THAT(token.error().hint, HasSubstr(server.directory.path() + "/wrong"));
    }
    EXPECT_EQ(client.status().counters.token_requests, 1U);
  }
}

// Rule S6
TEST(CertifiedClient, ASecretOrKeyThatWasReplacedInItsFileIsReadAgainWhenTheOldOneIsRefused) {
  const CertifiedServer server;
  for (const auto& name : client_names) {
    SCOPED_TRACE(name);
    const auto path = proof_of(server, name);
    const auto right = support::text_of_file(path);
    if (name.starts_with("private_key")) {
      write_new_key(path, name.ends_with("rs256") ? "RS256" : "ES256");
    } else {
      std::ofstream(path) << crypto::random_alphanumerics(32);
    }
    auto client = server.open(name);
    std::ofstream(path) << right;

    EXPECT_EQ(code_of(client.token({}, soon())), "token");
    EXPECT_EQ(client.status().counters.token_requests, 2U);
  }
}

// Rule S6
TEST(CertifiedClient, OfTwoSecretsTheOneThatWorksIsUsedFromThenOn) {
  const CertifiedServer server;
  auto config = server.config("client_secret_basic");
  server.directory.write("old", crypto::random_alphanumerics(32));
  auto& secrets = config.providers[0].client_secret;
  secrets.insert(secrets.begin(), "file:old");
  auto client = CertifiedServer::open(std::move(config));

  EXPECT_EQ(code_of(client.token({}, soon())), "token");
  EXPECT_EQ(client.status().counters.token_requests, 2U);
  EXPECT_EQ(code_of(client.token({.scopes = {"api:read"}}, soon())), "token");
  EXPECT_EQ(client.status().counters.token_requests, 3U);
}

// Rule U3
// Failure table: clock 5 minutes off, either way
TEST(CertifiedClient, AClockFiveMinutesOffIsCorrectedByOneRetryAndRemembered) {
  const CertifiedServer server;
  for (const auto off : {-300s, 300s}) {
    for (const auto* const name : {"private_key_jwt_rs256", "private_key_jwt_es256"}) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(off.count()));
      auto client = server.open(name, {.clock = std::make_shared<WrongWallClock>(off)});

      EXPECT_EQ(code_of(client.token({}, soon())), "token");
      EXPECT_EQ(client.status().counters.token_requests, 2U);
      EXPECT_EQ(code_of(client.token({.scopes = {"api:read"}}, soon())), "token");
      EXPECT_EQ(client.status().counters.token_requests, 3U);
    }
  }
}

// Rules C9, U3
TEST(CertifiedClient, ACorrectedClockIsNotBlamedForAKeyThatIsRefused) {
  const CertifiedServer server;
  const auto path = proof_of(server, "private_key_jwt_es256");
  auto client =
      server.open("private_key_jwt_es256", {.clock = std::make_shared<WrongWallClock>(-300s)});
  ASSERT_EQ(code_of(client.token({}, soon())), "token");
  write_new_key(path, "ES256");
  ASSERT_TRUE(client.reload_secrets());

  const auto before = client.status().counters.token_requests;
  const auto token = client.token({.scopes = {"api:read"}}, soon());

  EXPECT_EQ(code_of(token), "invalid_client");
  EXPECT_EQ(client.status().counters.token_requests, before + 1);
}

// Rule F4
TEST(CertifiedClient, AKeyThatCannotSignByTheAlgorithmIsAMistakeOfTheConfiguration) {
  const CertifiedServer server;
  auto config = server.config("private_key_jwt_es256");
  config.providers[0].algorithm = "RS256";

  const auto client = Client::make(std::move(config));

  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Errc::misconfigured);
  EXPECT_THAT(client.error().context, HasSubstr("algorithm: the private key cannot sign"));
}

}  // namespace
}  // namespace valetkey
