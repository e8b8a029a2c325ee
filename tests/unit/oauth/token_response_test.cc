// SPDX-License-Identifier: Apache-2.0
#include "oauth/token_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view exchanged =
    R"({"access_token":"token-two","expires_in":4247,"token_type":"bearer",)"
    R"("restricted_to":[{"scope":"item_preview","object":{"type":"file","id":"1"}}],)"
    R"("issued_token_type":"urn:ietf:params:oauth:token-type:access_token"})";

Profile box_profile() {
  Profile profile;
  profile.name = "box";
  apply_box_defaults(profile, "https://api.box.com", "");
  return profile;
}

Profile plain_profile() {
  Profile profile;
  profile.name = "plain";
  profile.type = ProviderType::oauth2;
  return profile;
}

TokenRequest file_request() {
  return {.provider = "box",
          .subject = user("7"),
          .scopes = {"item_download", "item_preview"},
          .resource = "https://api.box.com/2.0/files/1"};
}

AccessToken parent_until(std::chrono::seconds life) {
  TokenFields fields;
  fields.value = Secret("token-one");
  fields.fingerprint = crypto::fingerprint_of("token-one");
  fields.expires_at = support::sent_at + life;
  fields.expires_at_wall = support::answered_at + life;
  return AccessToken(std::move(fields));
}

Result<TokenAnswer> plain_answer(std::string_view body) {
  return parse_token_response(answer(200, body), plain_profile(), {}, nullptr);
}

Result<void> checked(std::string_view body, const TokenRequest& request,
                     const Profile& profile = box_profile()) {
  const AccessToken parent = parent_until(std::chrono::hours(1));
  const auto read = parse_token_response(answer(200, body), profile, request, &parent);
  EXPECT_TRUE(read.has_value());
  if (!read) return fail(read.error());
  return check_grant(*read, profile, request);
}

// Rule C2
TEST(TokenResponse, MeasuresLifeFromTheMomentTheRequestWasSent) {
  const auto read =
      plain_answer(R"({"access_token":"token-one","expires_in":4169,"token_type":"bearer"})");

  ASSERT_TRUE(read);
  EXPECT_EQ(read->token.sent_at, support::sent_at);
  EXPECT_EQ(read->token.expires_at, support::sent_at + std::chrono::seconds(4169));
  EXPECT_EQ(read->token.expires_at_wall, support::answered_at + std::chrono::seconds(4169));
}

TEST(TokenResponse, KeepsWhatWasAskedWithTheToken) {
  const AccessToken parent = parent_until(std::chrono::hours(2));

  const auto read =
      parse_token_response(answer(200, exchanged), box_profile(), file_request(), &parent);

  ASSERT_TRUE(read);
  EXPECT_EQ(support::text_of(read->token.value), "token-two");
  EXPECT_EQ(read->token.provider, "box");
  EXPECT_EQ(read->token.subject, user("7"));
  EXPECT_EQ(read->token.resource, "https://api.box.com/2.0/files/1");
  EXPECT_EQ(read->token.parent, parent.fingerprint());
  EXPECT_THAT(read->token.scopes, ElementsAre("item_preview"));
  EXPECT_EQ(read->token.fingerprint.text().size(), 12U);
}

// Rule D1
TEST(TokenResponse, CapsAChildsLifeByItsParents) {
  const AccessToken parent = parent_until(std::chrono::seconds(600));

  const auto read =
      parse_token_response(answer(200, exchanged), box_profile(), file_request(), &parent);

  ASSERT_TRUE(read);
  EXPECT_EQ(read->token.expires_at, support::sent_at + std::chrono::seconds(600));
  EXPECT_EQ(read->token.expires_at_wall, support::answered_at + std::chrono::seconds(600));
}

// Failure table: provider answers rubbish, 10 MB, or a token without `expires_in`
TEST(TokenResponse, LeavesTheEndOpenWhenTheServerNamesNone) {
  const auto read = plain_answer(R"({"access_token":"token-one","token_type":"bearer"})");

  ASSERT_TRUE(read);
  EXPECT_FALSE(read->token.expires_at);
}

// Rule F2
TEST(TokenResponse, RefusesRubbishWithoutRepeatingIt) {
  const std::string deep = R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}";
  const std::string large = R"({"access_token":"token-one","token_type":"bearer","pad":")" +
                            std::string(300'000, 'x') + R"("})";
  const std::vector<std::string> bodies = {"",
                                           "<html>Sign in</html>",
                                           deep,
                                           large,
                                           "[]",
                                           "{\"a\":\"\xff\"}",
                                           R"({"access_token":"leak-me","token_type":"bearer"} x)",
                                           R"({"access_token":"leak-me","access_token":"b"})",
                                           R"({"a":{"b":1,"b":2},"access_token":"leak-me"})",
                                           R"({"access_token":"leak-me)"};
  for (const auto& body : bodies) {
    const auto read = plain_answer(body);

    ASSERT_FALSE(read) << body.substr(0, 80);
    EXPECT_EQ(read.error().code, Errc::malformed_response);
    EXPECT_FALSE(read.error().hint.empty());
    EXPECT_THAT(describe(read.error()), Not(HasSubstr("leak-me")));
    EXPECT_THAT(describe(read.error()), Not(HasSubstr("Sign in")));
  }
}

TEST(TokenResponse, RefusesTokensLongerThanAllowed) {
  const auto read = plain_answer(R"({"token_type":"bearer","access_token":")" +
                                 std::string(16 * 1024 + 1, 'a') + R"("})");

  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().context, HasSubstr("access_token is too long"));
}

TEST(TokenResponse, TurnsAnythingBut2xxIntoItsError) {
  const auto read = parse_token_response(
      answer(400, R"({"error":"invalid_grant","error_description":"Invalid refresh token"})"),
      plain_profile(), {}, nullptr);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid_grant);
  EXPECT_EQ(read.error().server_text, "Invalid refresh token");
}

// Rule D2
TEST(TokenResponse, RefusesTheTokenToBeNarrowedInPlaceOfANarrowOne) {
  const AccessToken parent = parent_until(std::chrono::hours(1));
  std::string echo(exchanged);
  echo.replace(echo.find("token-two"), 9, "token-one");

  const auto read = parse_token_response(answer(200, echo), box_profile(), file_request(), &parent);

  ASSERT_FALSE(read);
  // Not wider_than_asked: that would withdraw the parent.
  EXPECT_EQ(read.error().code, Errc::malformed_response);
}

// Rule D2
TEST(GrantCheck, AcceptsWhatWasAskedAndLess) {
  EXPECT_TRUE(checked(exchanged, file_request()));
}

// Rule D2
TEST(GrantCheck, RefusesAScopeThatWasNotAskedFor) {
  TokenRequest request = file_request();
  request.scopes = {"item_download"};

  const auto result = checked(exchanged, request);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::wider_than_asked);
  EXPECT_EQ(remedy_for(result.error().code), Remedy::give_up);
}

// Rule D2
TEST(GrantCheck, RefusesATokenForAnotherItem) {
  TokenRequest other_file = file_request();
  other_file.resource = "https://api.box.com/2.0/files/2";
  TokenRequest folder = file_request();
  folder.resource = "https://api.box.com/2.0/folders/1";

  EXPECT_EQ(checked(exchanged, other_file).error().code, Errc::wider_than_asked);
  EXPECT_EQ(checked(exchanged, folder).error().code, Errc::wider_than_asked);
}

// Rule D2
TEST(GrantCheck, RefusesATokenWithoutTheRestrictionThatWasAskedFor) {
  constexpr std::string_view unrestricted =
      R"({"access_token":"token-two","expires_in":4247,"token_type":"bearer","restricted_to":[]})";
  TokenRequest link = file_request();
  link.resource.clear();
  link.shared_link = "https://app.box.com/s/abc";

  EXPECT_EQ(checked(unrestricted, file_request()).error().code, Errc::wider_than_asked);
  EXPECT_EQ(checked(unrestricted, link).error().code, Errc::wider_than_asked);
  EXPECT_TRUE(checked(exchanged, link));
}

// Rule D2
TEST(GrantCheck, RefusesARestrictionWithoutItsItem) {
  const auto result = checked(R"({"access_token":"token-two","token_type":"bearer",)"
                              R"("restricted_to":[{"scope":"item_preview"}]})",
                              file_request());

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::wider_than_asked);
}

// Rule D2
TEST(GrantCheck, TakesAnEmptyRestrictionByScopesAloneAsAsked) {
  TokenRequest request{.scopes = {"root_readonly"}};

  EXPECT_TRUE(checked(R"({"access_token":"token-two","expires_in":4247,"token_type":"bearer",)"
                      R"("restricted_to":[],"issued_token_type":)"
                      R"("urn:ietf:params:oauth:token-type:access_token"})",
                      request));
}

// Rule D2
TEST(GrantCheck, RefusesABoxTokenThatNothingCallsNarrow) {
  TokenRequest request{.scopes = {"root_readonly"}};

  const auto full = checked(R"({"access_token":"token-two","expires_in":4247,)"
                            R"("token_type":"bearer","restricted_to":[]})",
                            request);

  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::wider_than_asked);
}

// Rule D2
TEST(GrantCheck, SeesEveryScopeWhereverTheServerNamesIt) {
  TokenRequest request{.scopes = {"item_preview"}, .resource = "https://api.box.com/2.0/files/1"};

  const auto wide =
      checked(R"({"access_token":"token-two","expires_in":4247,"token_type":"bearer",)"
              R"("scope":"root_readwrite","restricted_to":[{"scope":"item_preview",)"
              R"("object":{"type":"file","id":"1"}}]})",
              request);

  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().code, Errc::wider_than_asked);
}

// Rule D2
TEST(GrantCheck, RefusesAFullBoxTokenInPlaceOfANarrowOne) {
  const TokenRequest request{.scopes = {"item_preview"}};
  const auto read = parse_token_response(
      answer(200, R"({"access_token":"token-one","token_type":"bearer","restricted_to":[]})"),
      box_profile(), request, nullptr);

  ASSERT_TRUE(read);
  EXPECT_EQ(check_grant(*read, box_profile(), request).error().code, Errc::wider_than_asked);
}

// Rule D2
TEST(GrantCheck, WantsTheIssuedTokenTypeThatWasAskedFor) {
  constexpr std::string_view of_id_token =
      R"({"access_token":"token-two","token_type":"bearer",)"
      R"("issued_token_type":"urn:ietf:params:oauth:token-type:id_token"})";
  constexpr std::string_view without = R"({"access_token":"token-two","token_type":"bearer"})";
  const TokenRequest request{.scopes = {"read"}};

  EXPECT_EQ(checked(of_id_token, request, plain_profile()).error().code, Errc::malformed_response);
  EXPECT_EQ(checked(without, request, plain_profile()).error().code, Errc::malformed_response);
  // Box leaves it out only where restricted_to says the same.
  EXPECT_EQ(checked(without, request, box_profile()).error().code, Errc::wider_than_asked);
}

}  // namespace
}  // namespace valetkey::oauth
