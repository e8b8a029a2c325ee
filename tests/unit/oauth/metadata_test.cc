// SPDX-License-Identifier: Apache-2.0
#include "oauth/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::answer;
using testing::HasSubstr;

constexpr std::string_view issuer = "https://example.com";

Result<Metadata> read(std::string_view members) {
  return parse_metadata(
      answer(200, R"({"issuer":"https://example.com",)" + std::string(members) + "}"), issuer);
}

TEST(Metadata, ReadsTheEndpointsAndMethods) {
  const auto metadata = read(
      R"("token_endpoint":"https://example.com/t","revocation_endpoint":"https://example.com/r",)"
      R"("introspection_endpoint":"https://example.com/i","grant_types_supported":["a"],)"
      R"("token_endpoint_auth_methods_supported":["private_key_jwt"],"jwks_uri":7)");

  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->token_endpoint, "https://example.com/t");
  EXPECT_EQ(metadata->revocation_endpoint, "https://example.com/r");
  EXPECT_EQ(metadata->introspection_endpoint, "https://example.com/i");
  EXPECT_THAT(metadata->grant_types, testing::ElementsAre("a"));
  EXPECT_THAT(metadata->token_auth_methods, testing::ElementsAre("private_key_jwt"));
}

// Rule S4
TEST(Metadata, RefusesEndpointsThatAreNotHttpsOrLoopback) {
  for (const std::string url :
       {"http://example.com/t", "ftp://example.com/t", "/t", "https://u:p@example.com/t",
        "https://example.com/t#x", "https:///t", "http://127.0.0.1.example.com/t", "javascript:x",
        "http://127.0.0.1x/", "http://%6cocalhost/t", "http://127.1/t"}) {
    const auto metadata = read(R"("token_endpoint":")" + url + "\"");

    ASSERT_FALSE(metadata) << url;
    EXPECT_THAT(metadata.error().context, HasSubstr("token_endpoint"));
  }
  for (const std::string url : {"http://127.0.0.1:80/t", "http://[::1]/t", "http://localhost/t"}) {
    EXPECT_TRUE(read(R"("token_endpoint":")" + url + "\"")) << url;
  }
}

TEST(Metadata, NeedsATokenEndpoint) {
  const auto metadata = read(R"("jwks_uri":"https://example.com/j")");

  ASSERT_FALSE(metadata);
  EXPECT_THAT(metadata.error().context, HasSubstr("token_endpoint is missing"));
}

TEST(Metadata, LeavesAConfiguredClientAuthenticationAlone) {
  Profile profile;
  profile.client_auth = ClientAuthMethod::client_secret_post;
  const Metadata metadata{.token_endpoint = "https://example.com/t",
                          .token_auth_methods = {"private_key_jwt"}};

  apply_metadata(profile, metadata, true);

  EXPECT_EQ(profile.client_auth, ClientAuthMethod::client_secret_post);
  EXPECT_EQ(profile.token_endpoint, "https://example.com/t");
}

TEST(Metadata, PicksAClientAuthenticationThatTheServerSupports) {
  const auto picked = [](ClientAuthMethod own, std::vector<std::string> offered) {
    Profile profile;
    profile.client_auth = own;
    apply_metadata(profile, {.token_auth_methods = std::move(offered)}, false);
    return profile.client_auth;
  };
  using enum ClientAuthMethod;

  EXPECT_EQ(picked(client_secret_post, {"client_secret_basic", "client_secret_post"}),
            client_secret_post);
  EXPECT_EQ(picked(client_secret_post, {"client_secret_basic"}), client_secret_basic);
  EXPECT_EQ(picked(client_secret_post, {}), client_secret_basic);  // RFC 8414 §2: the default
  EXPECT_EQ(picked(client_secret_basic, {"none", "private_key_jwt"}), private_key_jwt);
  EXPECT_EQ(picked(client_secret_post, {"tls_client_auth"}), client_secret_post);
}

}  // namespace
}  // namespace valetkey::oauth
