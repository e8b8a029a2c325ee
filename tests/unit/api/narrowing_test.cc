// SPDX-License-Identifier: Apache-2.0
// Narrowing whose answer is not what was asked for: what is refused, withdrawn and left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/client_world.h"
#include "support/test_token.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::ClientWorld;
using support::token_body;
using testing::HasSubstr;

const TokenRequest narrow{.scopes = {"item_preview"}, .resource = "files/5"};

std::string ask(Client& client, const ClientWorld& world, const TokenRequest& request = {}) {
  const auto token = client.token(request, world.in(10s));
  return token ? support::text_of(*token) : std::string(name_of(token.error().code));
}

std::string exchange_body(const std::string& value, const std::string& scope) {
  return R"({"access_token":")" + value + R"(","expires_in":3600,"token_type":"bearer",)" +
         R"("restricted_to":[{"scope":")" + scope + R"(","object":{"type":"file","id":"5"}}],)" +
         R"("issued_token_type":"urn:ietf:params:oauth:token-type:access_token"})";
}

// Rules D2, R4
TEST(Narrowing, KeepsTheRevocationOfARefusedTokenUntilItIsDelivered) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full"));
  world.transport->will_answer(200, exchange_body("wide", "item_delete"));
  world.transport->otherwise(503, "");
  auto client = world.open();
  const Instant before = world.clock->now();

  const auto refused = client.token(narrow, world.in(10s));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::wider_than_asked);
  EXPECT_EQ(world.clock->now(), before);
  const auto pending = client.status().pending_revocations;
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].fingerprint, support::fingerprint_of("wide"));
}

// Rule D2
TEST(Narrowing, RefusesTheTokenToBeNarrowedInPlaceOfANarrowOneAndLeavesItAlone) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("full"));
  world.transport->otherwise([](const support::SentRequest& request) {
    return support::ScriptedTransport::made(200, exchange_body("full", "item_preview"))(request);
  });
  auto client = world.open();

  EXPECT_EQ(ask(client, world, narrow), "malformed_response");
  EXPECT_EQ(ask(client, world), "full");

  EXPECT_EQ(world.transport->sent().size(), 2U);
  EXPECT_TRUE(client.status().pending_revocations.empty());
}

// Rule V2
TEST(Narrowing, SaysThatTheDeveloperTokenHasEndedWhenItCannotBeNarrowed) {
  ClientWorld world;
  auto& provider = world.config.providers[0];
  world.config.environment = Environment::development;
  provider.grant = "developer_token";
  provider.developer_token = "file:" + world.directory.write("developer.token", "dev-one");
  world.transport->otherwise(
      400, R"({"error":"invalid_grant","error_description":"Invalid access token"})");
  auto client = world.open();

  const auto child = client.token(narrow, world.in(1s));

  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Errc::developer_token_ended);
  EXPECT_THAT(child.error().hint, HasSubstr("developer.token"));
  EXPECT_EQ(ask(client, world), "developer_token_ended");
}

}  // namespace
}  // namespace valetkey
