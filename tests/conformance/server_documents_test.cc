// SPDX-License-Identifier: Apache-2.0
// Metadata, introspection and challenges, row by row with the section that says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/challenge.h"
#include "oauth/introspection_response.h"
#include "oauth/metadata.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::answer;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(MetadataConformance, AsksAtTheAddressesOfRfc8414) {
  struct Row {
    std::string section;
    std::string issuer;
    std::string rfc8414;
    std::string openid;
  };
  const Row rows[] = {
      {"RFC 8414 §3.1 without a path", "https://example.com",
       "https://example.com/.well-known/oauth-authorization-server",
       "https://example.com/.well-known/openid-configuration"},
      {"RFC 8414 §3.1 with a path", "https://example.com/issuer1",
       "https://example.com/.well-known/oauth-authorization-server/issuer1",
       "https://example.com/issuer1/.well-known/openid-configuration"},
      {"RFC 8414 §3.1 with a slash at the end", "https://example.com/",
       "https://example.com/.well-known/oauth-authorization-server",
       "https://example.com/.well-known/openid-configuration"},
      {"RFC 8414 §3.1 with a path and a slash at the end", "https://example.com/a/b/",
       "https://example.com/.well-known/oauth-authorization-server/a/b",
       "https://example.com/a/b/.well-known/openid-configuration"},
      {"RFC 8414 §3.1 with a port", "http://127.0.0.1:8080/box",
       "http://127.0.0.1:8080/.well-known/oauth-authorization-server/box",
       "http://127.0.0.1:8080/box/.well-known/openid-configuration"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(metadata_urls(row.issuer), ElementsAre(row.rfc8414, row.openid)) << row.section;
  }
  for (const auto* const rubbish :
       {"example.com", "https:/example.com", "https:///x", "://x", ""}) {
    EXPECT_TRUE(metadata_urls(rubbish).empty()) << rubbish;
  }
}

TEST(MetadataConformance, TakesOnlyTheIssuersOwnDocument) {
  // RFC 8414 §3.3: identical.
  for (const std::string named : {"https://example.com/", "https://EXAMPLE.com",
                                  "https://example.com:443", "https://evil.example", ""}) {
    const auto metadata = parse_metadata(
        answer(200, R"({"issuer":")" + named + R"(","token_endpoint":"https://example.com/t"})"),
        "https://example.com");

    ASSERT_FALSE(metadata) << named;
    EXPECT_EQ(metadata.error().code, Errc::misconfigured);
    EXPECT_THAT(metadata.error().hint, HasSubstr("issuer"));
  }
}

TEST(MetadataConformance, ReadsTheExampleOfRfc8414) {
  // RFC 8414 §3.2, shortened to what matters and what must not disturb.
  const auto metadata = parse_metadata(
      answer(200,
             R"({"issuer":"https://server.example.com",)"
             R"("authorization_endpoint":"https://server.example.com/authorize",)"
             R"("token_endpoint":"https://server.example.com/token",)"
             R"("token_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"],)"
             R"("token_endpoint_auth_signing_alg_values_supported":["RS256","ES256"],)"
             R"("scopes_supported":["openid","offline_access"],)"
             R"("ui_locales_supported":["en-US","fr-CA"]})"),
      "https://server.example.com");

  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->token_endpoint, "https://server.example.com/token");
  EXPECT_THAT(metadata->token_auth_methods, ElementsAre("client_secret_basic", "private_key_jwt"));
  EXPECT_EQ(metadata->revocation_endpoint, "");
}

TEST(MetadataConformance, SaysWhenThereIsNoDocument) {
  const auto metadata = parse_metadata(answer(404, "<html>"), "https://example.com");

  ASSERT_FALSE(metadata);
  EXPECT_EQ(metadata.error().code, Errc::misconfigured);
  EXPECT_THAT(metadata.error().hint, HasSubstr("issuer"));
  EXPECT_EQ(parse_metadata(answer(503, ""), "https://example.com").error().code, Errc::unreachable);
  EXPECT_EQ(parse_metadata(answer(302, ""), "https://example.com").error().code, Errc::redirected);
}

TEST(IntrospectionConformance, ReadsTheExampleOfRfc7662) {
  // RFC 7662 §2.2.
  const auto seen = parse_introspection_response(
      answer(200, R"({"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe",)"
                  R"("scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis",)"
                  R"("aud":"https://protected.example.net/resource",)"
                  R"("iss":"https://server.example.com/","exp":1419356238,"iat":1419350238,)"
                  R"("extension_field":"twenty-seven"})"),
      {});

  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->active);
  EXPECT_THAT(seen->scopes, ElementsAre("read", "write", "dolphin"));
  EXPECT_EQ(seen->client_id, "l238j323ds-23ij4");
  EXPECT_EQ(seen->username, "jdoe");
  EXPECT_EQ(seen->subject, "Z5O3upPC88QrAjx00dis");
  EXPECT_EQ(seen->audience, "https://protected.example.net/resource");
  EXPECT_EQ(seen->issuer, "https://server.example.com/");
  EXPECT_EQ(seen->expires_at, 1419356238);
}

TEST(IntrospectionConformance, SaysNothingOfATokenThatIsNotActive) {
  // RFC 7662 §2.2.
  const auto seen = parse_introspection_response(
      answer(200, R"({"active":false,"scope":"read","exp":1419356238})"), {});

  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->active);
  EXPECT_TRUE(seen->scopes.empty());
  EXPECT_FALSE(seen->expires_at);
}

TEST(IntrospectionConformance, ReadsSeveralAudiences) {
  // RFC 7519 §4.1.3.
  const auto seen =
      parse_introspection_response(answer(200, R"({"active":true,"aud":["a","b"]})"), {});

  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->audience, "a b");
}

TEST(IntrospectionConformance, RefusesWhatIsNoAnswer) {
  for (const std::string body :
       {"{}", R"({"active":"true"})", R"({"active":true,"exp":"soon"})",
        R"({"active":true,"scope":["a"]})", R"({"active":true,"aud":[1]})", "true", ""}) {
    const auto seen = parse_introspection_response(answer(200, body), {});

    ASSERT_FALSE(seen) << body;
    EXPECT_EQ(seen.error().code, Errc::malformed_response);
  }
}

TEST(ChallengeConformance, FollowsTheRfcs) {
  struct Row {
    std::string section;
    std::string header;
    std::vector<Challenge> expected;
  };
  const Row rows[] = {
      {"RFC 6750 §3", R"(Bearer realm="example")", {{"Bearer", "example", "", "", ""}}},
      {"RFC 6750 §3",
       R"(Bearer realm="example", error="invalid_token", error_description="The access token expired")",
       {{"Bearer", "example", "invalid_token", "The access token expired", ""}}},
      {"RFC 6750 §3 scope",
       R"(Bearer error="insufficient_scope", scope="urn:a urn:b")",
       {{"Bearer", "", "insufficient_scope", "", "urn:a urn:b"}}},
      {"RFC 9110 §11.6.1 several in one header",
       R"(Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"")",
       {{"Basic", "simple", "", "", ""}, {"Newauth", "apps", "", "", ""}}},
      {"RFC 9110 §11.2 token68",
       "Negotiate YII/+==, Bearer error=invalid_token",
       {{"Negotiate", "", "", "", ""}, {"Bearer", "", "invalid_token", "", ""}}},
      {"RFC 9110 §5.6.1.2 empty elements",
       ", ,Bearer , , Basic realm=x,",
       {{"Bearer", "", "", "", ""}, {"Basic", "x", "", "", ""}}},
      {"RFC 9110 §11.2 bad white space",
       "Bearer realm = \"x\" ,\terror =invalid_token",
       {{"Bearer", "x", "invalid_token", "", ""}}},
      {"RFC 9110 §5.6.4 a comma in quotes",
       R"(Bearer realm="a, Basic b", error="c")",
       {{"Bearer", "a, Basic b", "c", "", ""}}},
      {"RFC 9110 §11.2 names without case",
       R"(bearer REALM="x", Error="invalid_token")",
       {{"bearer", "x", "invalid_token", "", ""}}},
      {"RFC 6750 §3 a second error does not count",
       R"(Bearer error="a", error="invalid_token")",
       {{"Bearer", "", "a", "", ""}}},
      {"a quote that is never closed",
       R"(Bearer error="invalid_token)",
       {{"Bearer", "", "", "", ""}}},
      {"nothing", "", {}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(parse_challenges(row.header), row.expected) << row.section;
  }
}

}  // namespace
}  // namespace valetkey::oauth
