// SPDX-License-Identifier: Apache-2.0
// What an authorization server may refuse with, row by row with the place that says so.

#include "oauth/error_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/revocation_response.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Row {
  std::string source;
  int status;
  std::string body;
  Errc code;
  Remedy remedy;
  Operation operation = Operation::client_credentials;
};

/// In no row may the body's own words reach our words: only `server_text` holds them.
void expect_row(const Row& row, ProviderType type) {
  SCOPED_TRACE(row.source);
  Profile profile;
  profile.name = "provider-one";
  profile.type = type;

  const Error error =
      parse_error_response(support::answer(row.status, row.body), profile, row.operation);

  EXPECT_EQ(name_of(error.code), name_of(row.code));
  EXPECT_EQ(name_of(remedy_for(error.code)), name_of(row.remedy));
  EXPECT_THAT(error.context, HasSubstr("provider-one"));
  EXPECT_FALSE(error.hint.empty());
  EXPECT_THAT(error.context + error.hint, Not(HasSubstr("DESCRIPTION")));
  EXPECT_THAT(error.context + error.hint, Not(HasSubstr("<html>")));
}

std::string said(const std::string& code) {
  return R"({"error":")" + code + R"(","error_description":"DESCRIPTION"})";
}

// Rules F3, S5, U4
TEST(ErrorResponseConformance, FollowsTheRfcs) {
  using enum Operation;
  const Row rows[] = {
      {"RFC 6749 §5.2", 400, R"({"error":"invalid_request"})", Errc::invalid_request,
       Remedy::fix_request},
      {"RFC 6749 §5.2", 401, said("invalid_client"), Errc::invalid_client, Remedy::fix_request},
      {"RFC 6749 §5.2", 400, said("invalid_grant"), Errc::invalid_grant, Remedy::sign_in_again,
       refresh_token},
      {"RFC 6749 §5.2", 400, said("unauthorized_client"), Errc::unauthorized_client,
       Remedy::fix_request},
      {"RFC 6749 §5.2", 400, said("unsupported_grant_type"), Errc::unsupported_grant_type,
       Remedy::fix_request},
      {"RFC 6749 §5.2", 400, said("invalid_scope"), Errc::invalid_scope, Remedy::fix_request},
      {"RFC 8693 §2.2.2", 400, said("invalid_target"), Errc::invalid_target, Remedy::fix_request,
       exchange},
      {"RFC 6749 §4.1.2.1", 403, said("access_denied"), Errc::access_denied, Remedy::give_up},
      {"RFC 6749 §4.1.2.1", 400, said("temporarily_unavailable"), Errc::unreachable, Remedy::retry},
      {"RFC 6749 §8.5 an extension's code", 400, said("our_own"), Errc::invalid_request,
       Remedy::fix_request},
      {"RFC 6749 §8.5 an extension's code", 403, said("our_own"), Errc::access_denied,
       Remedy::give_up},
      {"RFC 7009 §2.2.1", 400, said("unsupported_token_type"), Errc::invalid_request,
       Remedy::fix_request, revocation},
      {"RFC 7009 §2.2.1 503: the token is taken to live", 503, "", Errc::unreachable, Remedy::retry,
       revocation},
      {"RFC 7662 §2.3 a client without authorization", 401, "", Errc::invalid_client,
       Remedy::fix_request, introspection},
      {"RFC 7523 §3.1", 400, said("invalid_grant"), Errc::invalid_grant, Remedy::sign_in_again,
       jwt},
      {"RFC 6749 §5.2 401 without a body", 401, "", Errc::invalid_client, Remedy::fix_request},
      {"RFC 6749 §5.2 no JSON", 400, "<html>DESCRIPTION</html>", Errc::malformed_response,
       Remedy::retry},
      {"RFC 6749 §5.2 error is required", 400, R"({"error_description":"DESCRIPTION"})",
       Errc::malformed_response, Remedy::retry},
      {"RFC 6749 §5.2 error is a string", 400, R"({"error":{"code":400}})",
       Errc::malformed_response, Remedy::retry},
      {"RFC 9110 §15.5.5", 404, "<html>", Errc::malformed_response, Remedy::retry},
      {"RFC 9110 §15.5.9", 408, "", Errc::unreachable, Remedy::retry},
      {"RFC 6585 §4", 429, said("invalid_client"), Errc::throttled, Remedy::retry},
      {"RFC 9110 §15.6.1", 500, said("invalid_client"), Errc::unreachable, Remedy::retry},
      {"RFC 9110 §15.6.3", 502, "<html>DESCRIPTION", Errc::unreachable, Remedy::retry},
      {"RFC 9110 §15.6.5", 504, "", Errc::unreachable, Remedy::retry},
      {"RFC 9700 §4.12 no redirect from a token endpoint", 302, "", Errc::redirected,
       Remedy::fix_request},
      {"RFC 9700 §4.12 no redirect from a token endpoint", 307, "", Errc::redirected,
       Remedy::fix_request},
      {"RFC 9110 §15.2 an interim answer", 101, "", Errc::malformed_response, Remedy::retry},
  };
  for (const auto& row : rows)
    expect_row(row, ProviderType::oauth2);
}

std::string box(const std::string& code, const std::string& text) {
  return R"({"error":")" + code + R"(","error_description":")" + text + R"("})";
}

// Rule F3
TEST(ErrorResponseConformance, KnowsWhatBoxSaysOfAssertions) {
  using enum Errc;
  const std::pair<std::string, Errc> rows[] = {
      {R"(Current date\/time MUST be before the expiration date\/time listed in the 'exp' claim)",
       invalid_grant},
      {"Current date time must be before the expiration date time listed in the 'exp' claim.",
       invalid_grant},
      {"Please check the 'exp' claim.", invalid_grant},
      {"Please check the 'exp' claim. Should be an integer", invalid_grant},
      {"Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 seconds "
       "beyond the issue time.",
       invalid_grant},
      {"Please check the 'jti' claim. A unique 'jti' value is required.", invalid_grant},
      {"Please check the 'sub' claim. The 'sub' specified is invalid.", invalid_grant},
      {"Please check the 'iss' claim. The client id specified is invalid.", invalid_client},
      {R"(Signature verification error. The public key identified by \"kid\" must correspond to )"
       R"(the private key used for signing.)",
       invalid_client},
      {"Signature verification failed", invalid_client},
      {R"(\"kid\" invalid, unable to lookup correct key)", invalid_client},
      {"Algorithm not allowed", invalid_client},
      {"OpenSSL unable to verify data: ", invalid_client},
      {"This app is not configured properly. No public key(s) added", invalid_client},
  };
  for (const auto& [text, code] : rows) {
    expect_row({text, 400, box("invalid_grant", text), code, remedy_for(code), Operation::jwt},
               ProviderType::box);
  }
}

// Rule F3
TEST(ErrorResponseConformance, KnowsWhatBoxSaysAtItsTokenEndpoint) {
  using enum Operation;
  const std::string desc = "DESCRIPTION";
  const Row rows[] = {
      {"Refresh token has expired", 400, box("invalid_grant", "Refresh token has expired"),
       Errc::invalid_grant, Remedy::sign_in_again, refresh_token},
      {"Invalid refresh token", 400, box("invalid_grant", "Invalid refresh token"),
       Errc::invalid_grant, Remedy::sign_in_again, refresh_token},
      {"client credentials", 400, box("invalid_grant", "Grant credentials are invalid"),
       Errc::invalid_client, Remedy::fix_request},
      {"not yet authorized", 400, box("invalid_grant", "App is not yet authorized for use"),
       Errc::unauthorized_client, Remedy::fix_request},
      {"wrong secret", 400, box("invalid_client", "The client credentials are invalid"),
       Errc::invalid_client, Remedy::fix_request},
      {"wrong secret, as documented", 400,
       box("invalid_client", "The client credentials are not valid"), Errc::invalid_client,
       Remedy::fix_request},
      {"not authorized", 400,
       box("unauthorized_client", "This app is not authorized by the enterprise admin"),
       Errc::unauthorized_client, Remedy::fix_request, jwt},
      {"other grant", 400,
       box("unauthorized_client", "The grant type is unauthorized for this client_id"),
       Errc::unauthorized_client, Remedy::fix_request},
      {"other grant, other code", 400,
       box("invalid_request", "The grant type is unauthorized for this client_id"),
       Errc::unauthorized_client, Remedy::fix_request},
      {"subject type", 400,
       box("unauthorized_client",
           R"(The \"box_subject_type\" value is unauthorized for this client_id)"),
       Errc::unauthorized_client, Remedy::fix_request},
      {"grant type", 400,
       box("invalid_request", "Invalid grant_type parameter or parameter missing"),
       Errc::invalid_request, Remedy::fix_request},
      {"no refresh token", 400, box("invalid_request", R"(No \"refresh_token\" parameter found)"),
       Errc::invalid_request, Remedy::fix_request, refresh_token},
      {"user tokens off", 400,
       box("invalid_request",
           "Cannot obtain user token based on the enterprise configuration for your app"),
       Errc::unauthorized_client, Remedy::fix_request},
      {"resource", 400, box("invalid_resource", "The target resource is invalid."),
       Errc::invalid_target, Remedy::fix_request, exchange},
      {"exchange with a scope that the token lacks", 401, "", Errc::invalid_scope,
       Remedy::fix_request, exchange},
      {"account_deactivated", 400, box("account_deactivated", "Account Deactivated"),
       Errc::access_denied, Remedy::give_up, refresh_token},
      {"access_denied", 403, box("access_denied", desc), Errc::access_denied, Remedy::give_up},
      {"password", 400, box("password_reset_required", desc), Errc::access_denied, Remedy::give_up},
      {"terms", 400, box("terms_of_service_required", desc), Errc::access_denied, Remedy::give_up},
      {"trial", 400, box("no_credit_card_trial_ended", desc), Errc::access_denied, Remedy::give_up},
      {"unavailable", 429, box("temporarily_unavailable", desc), Errc::throttled, Remedy::retry},
      {"blocked", 403, box("service_blocked", desc), Errc::access_denied, Remedy::give_up},
      {"device", 400,
       box("unauthorized_device", "Device not authorized to request an access token"),
       Errc::access_denied, Remedy::give_up},
      {"devices", 400, box("exceeded_device_limits", "Exceeded device limits"), Errc::access_denied,
       Remedy::give_up},
      {"device id", 400, box("missing_device_id", "Missing device id"), Errc::access_denied,
       Remedy::give_up},
      {"pinning", 400, box("unsupported_device_pinning_runtime", desc), Errc::access_denied,
       Remedy::give_up},
      {"grace", 403, box("grace_period_expired", desc), Errc::access_denied, Remedy::give_up},
      {"location", 403, box("access_from_location_blocked", desc), Errc::access_denied,
       Remedy::give_up},
      {"address", 403, box("error_access_from_ip_not_allowed", desc), Errc::access_denied,
       Remedy::give_up},
      {"unauthorized", 401, box("unauthorized", desc), Errc::invalid_client, Remedy::fix_request},
      {"revoke: client", 400, box("invalid_request", "The client is invalid"), Errc::invalid_client,
       Remedy::fix_request, revocation},
      {"revoke: no client id", 400,
       box("invalid_request", "Client id was not found in the headers or body"),
       Errc::invalid_client, Remedy::fix_request, revocation},
      {"the API's own envelope", 401,
       R"({"type":"error","status":401,"code":"unauthorized","message":"DESCRIPTION"})",
       Errc::invalid_client, Remedy::fix_request},
  };
  for (const auto& row : rows)
    expect_row(row, ProviderType::box);
}

TEST(ErrorResponseConformance, SaysThatBoxDoesNotTellWhichCredentialIsWrong) {
  Profile profile;
  profile.name = "box";

  const Error error = parse_error_response(
      support::answer(400, box("invalid_grant", "Grant credentials are invalid")), profile,
      Operation::client_credentials);

  EXPECT_THAT(error.hint, testing::AllOf(HasSubstr("client_secret"), HasSubstr("Admin Console")));
  EXPECT_EQ(error.server_text, "Grant credentials are invalid");
}

// Rule U4
TEST(ErrorResponseConformance, ReadsRetryAfterInBothForms) {
  // RFC 9110 §10.2.3.
  const std::pair<std::string, std::optional<std::chrono::seconds>> rows[] = {
      {"120", std::chrono::seconds(120)},
      {"Fri, 15 Jan 2027 08:02:00 GMT", std::chrono::seconds(120)},
      {"Fri, 15 Jan 2027 07:00:00 GMT", std::chrono::seconds(0)},
      {"soon", std::nullopt},
  };
  for (const auto& [value, expected] : rows) {
    for (const int status : {429, 503}) {
      const Error error = parse_error_response(
          support::answer(status, "", {{"retry-after", value}}), {}, Operation::revocation);

      EXPECT_EQ(error.retry_after, expected) << value;
    }
  }
}

// Rules F3, S3
TEST(ErrorResponseConformance, MakesAStrangersWordsFitToPrint) {
  const std::string long_text(1000, 'x');
  const Error error = parse_error_response(
      support::answer(400, R"({"error":"\u001b[31mred\n","error_description":"\u001b]0;)" +
                               long_text + R"("})"),
      {}, Operation::jwt);

  EXPECT_THAT(describe(error), Not(HasSubstr("\x1b")));
  EXPECT_THAT(error.context, Not(HasSubstr("\n")));
  EXPECT_LE(error.server_text.size(), 203U);
}

TEST(RevocationConformance, IsDoneWith200WhateverTheTokenWas) {
  // RFC 7009 §2.2: the body is ignored, and an invalid token is no error.
  for (const std::string body : {"", "{}", "<html>", "null"}) {
    EXPECT_TRUE(parse_revocation_response(support::answer(200, body), {}));
  }
}

TEST(RevocationConformance, LeavesTheTokenAliveAfterAFailure) {
  // RFC 7009 §2.2.1.
  const auto revoked =
      parse_revocation_response(support::answer(503, "", {{"Retry-After", "30"}}), {});

  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().code, Errc::unreachable);
  EXPECT_EQ(revoked.error().retry_after, std::chrono::seconds(30));
}

}  // namespace
}  // namespace valetkey::oauth
