// SPDX-License-Identifier: Apache-2.0
#include "oauth/challenge.h"

#include <gtest/gtest.h>

#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::answer;

constexpr std::string_view expired =
    R"(Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid.")";

HttpResponse refused(int status, std::string_view challenge, std::string_view body = "") {
  return answer(status, body, {{"Www-Authenticate", std::string(challenge)}});
}

// Rule U2
TEST(Unauthorized, IsSaidByInvalidTokenWhateverTheBody) {
  EXPECT_TRUE(says_token_invalid(refused(401, expired)));
  EXPECT_TRUE(says_token_invalid(refused(401, expired, R"({"message":"Unauthorized"})")));
  EXPECT_TRUE(says_token_invalid(refused(401, "BEARER error=invalid_token")));
}

// Rule U2
TEST(Unauthorized, IsSaidByAWordlessBearerChallengeOverAnEmptyBody) {
  EXPECT_TRUE(says_token_invalid(refused(401, R"(Bearer realm="Service")")));
  EXPECT_TRUE(says_token_invalid(refused(401, R"(Bearer realm="Service")", " {} \r\n")));
}

// Rule U2
TEST(Unauthorized, IsNotSaidByARefusalWithOtherWords) {
  EXPECT_FALSE(says_token_invalid(refused(
      401, R"(Bearer realm="Service")", R"({"type":"error","status":401,"code":"unauthorized"})")));
  EXPECT_FALSE(says_token_invalid(refused(401, R"(Bearer error="invalid_request")")));
  EXPECT_FALSE(says_token_invalid(refused(401, R"(Basic realm="x")")));
  EXPECT_FALSE(says_token_invalid(answer(401, "")));
}

// Rule U2
TEST(Unauthorized, IsNeverSaidByA403) {
  EXPECT_FALSE(says_token_invalid(refused(403, expired)));
}

TEST(Unauthorized, IsFoundAmongSeveralChallenges) {
  EXPECT_TRUE(says_token_invalid(answer(
      401, "", {{"WWW-Authenticate", "Negotiate"}, {"WWW-Authenticate", std::string(expired)}})));
  EXPECT_TRUE(
      says_token_invalid(refused(401, "Basic realm=\"a\", Bearer error=\"invalid_token\"")));
}

// Rule U2
TEST(InsufficientScope, IsSaidByTheHeaderOrByTheBody) {
  EXPECT_TRUE(says_insufficient_scope(
      refused(403, R"(Bearer realm="Service", error="insufficient_scope")")));
  EXPECT_TRUE(says_insufficient_scope(
      answer(403, R"({"type":"error","code":"insufficient_scope","status":403})")));
  EXPECT_FALSE(
      says_insufficient_scope(answer(403, R"({"code":"access_denied_insufficient_permissions"})")));
  EXPECT_FALSE(says_insufficient_scope(refused(401, R"(Bearer error="insufficient_scope")")));
}

}  // namespace
}  // namespace valetkey::oauth
