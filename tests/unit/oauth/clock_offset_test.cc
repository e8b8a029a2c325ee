// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/http_date.h"
#include "oauth/error_response.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using std::chrono::seconds;

Profile box_profile() {
  Profile profile;
  profile.name = "box";
  return profile;
}

std::optional<seconds> offset_for(std::string_view code, std::string_view text,
                                  std::optional<seconds> server_ahead, int status = 400,
                                  seconds corrected = {}) {
  std::vector<HttpHeader> headers;
  if (server_ahead) {
    headers.push_back({"Date", base::format_http_date(support::answered_at + *server_ahead)});
  }
  const auto response =
      support::answer(status,
                      R"({"error":")" + std::string(code) + R"(","error_description":")" +
                          std::string(text) + R"("})",
                      headers);
  return clock_offset(response, parse_error_response(response, box_profile(), Operation::jwt),
                      corrected);
}

constexpr std::string_view exp_text =
    R"(Current date\/time MUST be before the expiration date\/time listed in the 'exp' claim)";

// Rule U3
TEST(ClockOffset, IsMeasuredByTheServersDateWhenItRefusesTheTimes) {
  EXPECT_EQ(offset_for("invalid_grant", exp_text, seconds(300)), seconds(300));
  EXPECT_EQ(offset_for("invalid_grant", exp_text, seconds(-300)), seconds(-300));
  EXPECT_EQ(offset_for("invalid_grant", exp_text, seconds(4)), seconds(4));
}

// Rule U3
TEST(ClockOffset, IsNothingWithoutADate) {
  EXPECT_EQ(offset_for("invalid_grant", exp_text, std::nullopt), std::nullopt);
}

// Rule U3
TEST(ClockOffset, IsSuspectedWhenARefusalsDateIsFarFromOurs) {
  EXPECT_EQ(offset_for("invalid_client", "client authentication failed", seconds(-10), 401),
            seconds(-10));
  EXPECT_EQ(offset_for("invalid_grant", "no reason given", seconds(9)), std::nullopt);
}

// Rule U3
TEST(ClockOffset, IsZeroForASpentJtiSoThatANewOneIsTried) {
  constexpr std::string_view jti_text =
      "Please check the 'jti' claim. A unique 'jti' value is required.";

  EXPECT_EQ(offset_for("invalid_grant", jti_text, std::nullopt), seconds(0));
  EXPECT_EQ(offset_for("invalid_grant", jti_text, seconds(2)), seconds(0));
}

// Rule U3
TEST(ClockOffset, IsNotSuspectedAgainOnceItHasBeenCorrected) {
  const auto refused = [](seconds ahead, seconds corrected) {
    return offset_for("invalid_client", "client authentication failed", ahead, 401, corrected);
  };

  EXPECT_EQ(refused(seconds(300), seconds(300)), std::nullopt);
  EXPECT_EQ(refused(seconds(-309), seconds(-300)), std::nullopt);
  EXPECT_EQ(refused(seconds(0), seconds(300)), seconds(0));  // somebody has set our clock
}

// Rule U3
TEST(ClockOffset, StaysAsItIsForASpentJti) {
  EXPECT_EQ(offset_for("invalid_grant", "the 'jti' claim", seconds(301), 400, seconds(300)),
            seconds(300));
}

TEST(ClockOffset, IsNotSeenInWordsThatMerelyContainExp) {
  EXPECT_EQ(offset_for("invalid_grant", "Refresh token has expired", seconds(1)), std::nullopt);
  EXPECT_EQ(
      offset_for("invalid_grant", "Please check the 'exp' claim. Should be an integer", seconds(0)),
      std::nullopt);
}

TEST(ClockOffset, IsNothingForOtherErrors) {
  EXPECT_EQ(offset_for("invalid_scope", "no", seconds(300)), std::nullopt);
  EXPECT_EQ(offset_for("unauthorized_client", "no", seconds(300)), std::nullopt);
}

}  // namespace
}  // namespace valetkey::oauth
