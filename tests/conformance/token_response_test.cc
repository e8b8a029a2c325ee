// SPDX-License-Identifier: Apache-2.0
// What a token endpoint may answer, row by row with the section that says so.

#include "oauth/token_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using std::chrono::seconds;

struct Row {
  std::string section;
  std::string body;
  std::string token{};  ///< empty: malformed_response
  std::optional<seconds> life = std::nullopt;
  std::string scopes{};
  std::string refresh_token{};
};

void expect_row(const Row& row, const Profile& profile, const TokenRequest& request,
                const AccessToken* parent = nullptr) {
  SCOPED_TRACE(row.section);

  const auto read = parse_token_response(support::answer(200, row.body), profile, request, parent);

  if (row.token.empty()) {
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::malformed_response);
    EXPECT_FALSE(read.error().hint.empty());
    return;
  }
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(support::text_of(read->token.value), row.token);
  const auto expected_end = row.life ? std::optional(support::sent_at + *row.life) : std::nullopt;
  EXPECT_EQ(read->token.expires_at, expected_end);
  EXPECT_EQ(base::joined(read->token.scopes, " "), row.scopes);
  EXPECT_EQ(support::text_of(read->refresh_token), row.refresh_token);
  EXPECT_TRUE(check_grant(*read, profile, request));
}

Profile plain_profile() {
  Profile profile;
  profile.name = "plain";
  profile.type = ProviderType::oauth2;
  return profile;
}

Profile box_profile() {
  Profile profile;
  profile.name = "box";
  apply_box_defaults(profile, "https://api.box.com", "");
  return profile;
}

TEST(TokenResponseConformance, FollowsRfc6749) {
  const TokenRequest request{.scopes = {"read", "write"}};
  const Row rows[] = {
      {"RFC 6749 §5.1 the section's own example",
       R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,)"
       R"("refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":"example_value"})"},
      {"RFC 6749 §4.4.3 the section's example, with a type that is understood",
       R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,)"
       R"("example_parameter":"example_value"})",
       "2YotnFZFEjr1zCsicMWpAA", seconds(3600), "read write"},
      {"RFC 6749 §5.1 token_type without case", R"({"access_token":"a","token_type":"BEARER"})",
       "a", std::nullopt, "read write"},
      {"RFC 6749 §5.1 token_type required", R"({"access_token":"a"})"},
      {"RFC 6749 §7.1 token_type not understood", R"({"access_token":"a","token_type":"mac"})"},
      {"RFC 6749 §5.1 access_token required", R"({"token_type":"bearer"})"},
      {"RFC 6749 §5.1 access_token empty", R"({"access_token":"","token_type":"bearer"})"},
      {"RFC 6749 §5.1 access_token is a string", R"({"access_token":7,"token_type":"bearer"})"},
      {"RFC 6749 §5.1 expires_in absent", R"({"access_token":"a","token_type":"bearer"})", "a",
       std::nullopt, "read write"},
      {"RFC 6749 §5.1 expires_in null",
       R"({"access_token":"a","token_type":"bearer","expires_in":null})", "a", std::nullopt,
       "read write"},
      {"RFC 6749 §A.14 expires_in as text",
       R"({"access_token":"a","token_type":"bearer","expires_in":"3600"})", "a", seconds(3600),
       "read write"},
      {"RFC 6749 §A.14 expires_in as a whole double",
       R"({"access_token":"a","token_type":"bearer","expires_in":3.6e3})", "a", seconds(3600),
       "read write"},
      {"RFC 6749 §A.14 expires_in zero",
       R"({"access_token":"a","token_type":"bearer","expires_in":0})", "a", seconds(0),
       "read write"},
      {"RFC 6749 §A.14 expires_in with a fraction",
       R"({"access_token":"a","token_type":"bearer","expires_in":3600.5})"},
      {"RFC 6749 §A.14 expires_in negative",
       R"({"access_token":"a","token_type":"bearer","expires_in":-1})"},
      {"RFC 6749 §A.14 expires_in over ten years",
       R"({"access_token":"a","token_type":"bearer","expires_in":999999999})"},
      {"RFC 6749 §A.14 expires_in beyond 64 bits",
       R"({"access_token":"a","token_type":"bearer","expires_in":99999999999999999999})"},
      {"RFC 6749 §A.14 expires_in no number",
       R"({"access_token":"a","token_type":"bearer","expires_in":"1h"})"},
      {"RFC 6749 §A.12 access_token of VSCHAR alone",
       R"({"access_token":"a\u0000b","token_type":"bearer"})"},
      {"RFC 6749 §A.12 access_token of VSCHAR alone",
       R"({"access_token":"a\r\nX-Injected: 1","token_type":"bearer"})"},
      {"RFC 6749 §A.17 refresh_token of VSCHAR alone",
       R"({"access_token":"a","token_type":"bearer","refresh_token":"\u007f"})"},
      {"RFC 6749 §5.1 scope absent is as requested",
       R"({"access_token":"a","token_type":"bearer"})", "a", std::nullopt, "read write"},
      {"RFC 6749 §5.1 scope narrower",
       R"({"access_token":"a","token_type":"bearer","scope":"read"})", "a", std::nullopt, "read"},
      {"RFC 6749 §6 a new refresh token",
       R"({"access_token":"a","token_type":"bearer","refresh_token":"r-2"})", "a", std::nullopt,
       "read write", "r-2"},
      {"RFC 6749 §5.1 unknown members are ignored",
       R"({"access_token":"a","token_type":"bearer","x":{"y":[1,2]}})", "a", std::nullopt,
       "read write"},
      {"RFC 8259 §4 a member twice",
       R"({"access_token":"a","access_token":"b","token_type":"bearer"})"},
  };
  for (const auto& row : rows)
    expect_row(row, plain_profile(), request);
}

TEST(TokenResponseConformance, RefusesAScopeThatRfc6749WouldHaveTold) {
  // RFC 6749 §5.1, §3.3: the server says so when it grants something else.
  const TokenRequest request{.scopes = {"read"}};

  const auto read = parse_token_response(
      support::answer(200, R"({"access_token":"a","token_type":"bearer","scope":"read admin"})"),
      plain_profile(), request, nullptr);

  ASSERT_TRUE(read);
  EXPECT_EQ(check_grant(*read, plain_profile(), request).error().code, Errc::wider_than_asked);
}

TEST(TokenResponseConformance, FollowsRfc8693) {
  const AccessToken parent = support::token_of("token-one");
  const TokenRequest request{.resource = "https://backend.example.com/api"};
  const std::string type = "urn:ietf:params:oauth:token-type:access_token";
  const Row rows[] = {
      {"RFC 8693 §2.3 the section's example",
       R"({"access_token":"eyJhbGciOiJFUzI1NiIsImtpZCI6Ijll","issued_token_type":")" + type +
           R"(","token_type":"Bearer","expires_in":60})",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6Ijll", seconds(60)},
      {"RFC 8693 §2.2.1 token_type N_A is no access token",
       R"({"access_token":"a","issued_token_type":")" + type + R"(","token_type":"N_A"})"},
  };
  for (const auto& row : rows)
    expect_row(row, plain_profile(), request, &parent);
}

TEST(TokenResponseConformance, ReadsWhatBoxAnswers) {
  const Row rows[] = {
      {"Box refresh_token grant",
       R"({"access_token":"AAAA32","expires_in":3987,"restricted_to":[],"refresh_token":"BBBB64",)"
       R"("token_type":"bearer"})",
       "AAAA32", seconds(3987), "", "BBBB64"},
      {"Box client_credentials and jwt-bearer grants",
       R"({"access_token":"1!token","expires_in":4169,"restricted_to":[],"token_type":"bearer"})",
       "1!token", seconds(4169)},
  };
  for (const auto& row : rows)
    expect_row(row, box_profile(), {});
}

TEST(TokenResponseConformance, ReadsBoxsNarrowedToken) {
  const AccessToken parent = support::token_of("token-one");
  const TokenRequest request{.scopes = {"base_explorer", "item_preview"},
                             .resource = "https://api.box.com/2.0/folders/123456"};
  const Row row = {
      "Box token-exchange with a resource",
      R"({"access_token":"1!child","expires_in":4247,"token_type":"bearer","restricted_to":[)"
      R"({"scope":"base_explorer","object":{"type":"folder","id":"123456","sequence_id":"0",)"
      R"("etag":"0","name":"X"}},{"scope":"item_preview","object":{"type":"folder",)"
      R"("id":"123456","sequence_id":"0","etag":"0","name":"X"}}],)"
      R"("issued_token_type":"urn:ietf:params:oauth:token-type:access_token"})",
      "1!child", seconds(4247), "base_explorer item_preview"};

  expect_row(row, box_profile(), request, &parent);
}

TEST(TokenResponseConformance, RefusesMalformedRestrictions) {
  const std::string start = R"({"access_token":"a","token_type":"bearer","restricted_to":)";
  for (const std::string restricted :
       {R"("item_preview"})", R"([7]})", R"([{"object":{"type":"file","id":"1"}}]})",
        R"([{"scope":"item_preview","object":[]}]})",
        R"([{"scope":"item_preview","object":{"type":"file","id":1}}]})"}) {
    expect_row({.section = restricted, .body = start + restricted}, box_profile(), {});
  }
}

}  // namespace
}  // namespace valetkey::oauth
