// SPDX-License-Identifier: Apache-2.0
// Signed assertions: what is taken, and in which words the rest is refused.
#include "emulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

class Assertion : public ::testing::Test {
 protected:
  Emulated box;
  App app{box};

  void expect_refused(const std::string& assertion, std::string_view description) const {
    const auto answer = app.present(assertion);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.text("error"), "invalid_grant");
    EXPECT_EQ(answer.text("error_description"), description);
  }
  void expect_claim_refused(std::string_view name, const json::value& value,
                            std::string_view description) const {
    auto claims = app.claims();
    claims[name] = value;
    expect_refused(app.assertion(claims), description);
  }
};

TEST_F(Assertion, OfTheEnterpriseGivesTheServiceAccount) {
  const auto answer = app.present(app.assertion(app.claims()));
  const auto me = box.get("/2.0/users/me?fields=enterprise", answer.text("access_token"));

  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(me.text("id"), box.facts().service_account_id);
  EXPECT_EQ(me.json().at("enterprise").at("id").as_string(), box.facts().enterprise_id);
}

TEST_F(Assertion, OfAUserGivesThatUser) {
  auto claims = app.claims();
  claims["sub"] = box.facts().user_ids[1];
  claims["box_sub_type"] = "user";

  const auto answer = app.present(app.assertion(claims));

  const auto me = box.get("/2.0/users/me", answer.text("access_token"));
  EXPECT_EQ(me.text("id"), box.facts().user_ids[1]);
}

TEST_F(Assertion, MayBeSignedWithEachRsaAlgorithm) {
  for (const std::string_view name : {"RS256", "RS384", "RS512"}) {
    auto header = app.header();
    header["alg"] = name;

    EXPECT_EQ(app.present(app.assertion(header, app.claims())).status, 200) << name;
  }
}

TEST_F(Assertion, NeedsNeitherKidNorTypAndMayHaveIat) {
  auto claims = app.claims();
  claims["iat"] = app.server_time() + 3;

  EXPECT_EQ(app.present(app.assertion({{"alg", "RS256"}}, claims)).status, 200);
}

TEST_F(Assertion, MayNameTheEmulatorItselfAsItsAudienceOrAListOfOne) {
  auto own = app.claims();
  own["aud"] = box.url() + "/oauth2/token";
  auto list = app.claims();
  list["aud"] = json::array{"https://api.box.com/oauth2/token"};

  EXPECT_EQ(app.present(app.assertion(own)).status, 200);
  EXPECT_EQ(app.present(app.assertion(list)).status, 200);
}

TEST_F(Assertion, IsGoodOnce) {
  const auto assertion = app.assertion(app.claims());
  EXPECT_EQ(app.present(assertion).status, 200);

  expect_refused(assertion, "Please check the 'jti' claim. A unique 'jti' value is required.");
}

TEST_F(Assertion, NeedsANewJtiEvenWhenAllElseIsNew) {
  auto claims = app.claims();
  EXPECT_EQ(app.present(app.assertion(claims)).status, 200);
  claims["exp"] = app.server_time() + 45;

  expect_refused(app.assertion(claims),
                 "Please check the 'jti' claim. A unique 'jti' value is required.");
}

TEST_F(Assertion, IsNotUsedUpByARefusal) {
  auto claims = app.claims();
  claims["exp"] = app.server_time() + 600;
  EXPECT_EQ(app.present(app.assertion(claims)).status, 400);
  claims["exp"] = app.server_time() + 30;

  EXPECT_EQ(app.present(app.assertion(claims)).status, 200);
}

TEST_F(Assertion, JtiHasSixteenToAHundredAndTwentyEightCharacters) {
  auto claims = app.claims();
  for (const std::size_t size : {16U, 128U}) {
    claims["jti"] = crypto::random_alphanumerics(size);
    EXPECT_EQ(app.present(app.assertion(claims)).status, 200) << size;
  }

  expect_claim_refused("jti", json::string(15, 'j'), "Please check the 'jti' claim.");
  expect_claim_refused("jti", json::string(129, 'j'), "Please check the 'jti' claim.");
  expect_claim_refused("jti", 12345, "Please check the 'jti' claim.");
}

TEST_F(Assertion, MayLiveASixtySecondsAtMost) {
  auto at_most = app.claims();
  at_most["exp"] = app.server_time() + 60;
  EXPECT_EQ(app.present(app.assertion(at_most)).status, 200);

  expect_claim_refused("exp", app.server_time() + 66,
                       "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of "
                       "60 seconds beyond the issue time.");
}

TEST_F(Assertion, LifeCountsFromItsOwnIssueTime) {
  auto claims = app.claims();
  claims["iat"] = app.server_time() - 3600;

  expect_refused(app.assertion(claims),
                 "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 "
                 "seconds beyond the issue time.");
}

TEST_F(Assertion, OfAClockThatIsBehindIsRefusedWithADateToCorrectItBy) {
  box.emulator->skew_clock(std::chrono::minutes(5));
  auto claims = app.claims();
  claims["exp"] = app.server_time() - 300 + 30;

  const auto answer = app.present(app.assertion(claims));

  EXPECT_EQ(answer.text("error_description"),
            "Current date/time MUST be before the expiration date/time listed in the 'exp' claim");
  EXPECT_THAT(answer.body, HasSubstr(R"(date\/time)"));
  EXPECT_FALSE(answer.header("Date").empty());
}

TEST_F(Assertion, ExpMustBeAnInteger) {
  constexpr std::string_view said = "Please check the 'exp' claim. Should be an integer";
  expect_claim_refused("exp", "1700000000", said);
  expect_claim_refused("exp", static_cast<double>(app.server_time()) + 30.5, said);
  expect_claim_refused("exp", nullptr, said);
}

TEST_F(Assertion, FromTheFutureIsRefused) {
  expect_claim_refused("iat", app.server_time() + 60, "Please check the 'iat' claim.");
  expect_claim_refused("nbf", app.server_time() + 60, "Please check the 'nbf' claim.");
}

TEST_F(Assertion, SubMustNameTheEnterpriseOrAUserAsAString) {
  constexpr std::string_view said = "Please check the 'sub' claim. The 'sub' specified is invalid.";
  expect_claim_refused("sub", "1", said);
  expect_claim_refused("sub", 12345, said);
  expect_claim_refused("box_sub_type", "user", said);
  expect_claim_refused("box_sub_type", "external", said);
  expect_claim_refused("box_sub_type", nullptr, said);
}

TEST_F(Assertion, IssAndAudMustBeRight) {
  expect_claim_refused("iss", "somebody else",
                       "Please check the 'iss' claim. The client id specified is invalid.");
  expect_claim_refused("aud", "https://example.com/", "Please check the 'aud' claim.");
  expect_claim_refused("aud", json::array{}, "Please check the 'aud' claim.");
}

TEST_F(Assertion, MissingClaimsAreNamed) {
  for (const std::string_view name : {"iss", "sub", "box_sub_type", "aud", "jti", "exp"}) {
    auto claims = app.claims();
    claims.erase(name);

    const auto answer = app.present(app.assertion(claims));

    const auto claim = name == "box_sub_type" ? "sub" : std::string(name);
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_THAT(answer.text("error_description"), HasSubstr("'" + claim + "'"));
  }
}

TEST_F(Assertion, SignatureMustVerify) {
  const auto other = crypto::generate_rsa_key(2048);
  const auto text = crypto::encode_base64url(json::serialize(app.header())) + "." +
                    crypto::encode_base64url(json::serialize(app.claims()));
  const auto forged = other.sign(crypto::JwsAlgorithm::rs256, text);

  expect_refused(text + "." + crypto::encode_base64url(*forged),
                 "Signature verification error. The public key identified by \"kid\" must "
                 "correspond to the private key used for signing.");
}

TEST_F(Assertion, WithAnUnknownKidIsRefused) {
  auto header = app.header();
  header["kid"] = "other";

  expect_refused(app.assertion(header, app.claims()),
                 "\"kid\" invalid, unable to lookup correct key");
}

TEST_F(Assertion, UnsignedOrSignedOtherwiseIsNotAllowed) {
  for (const std::string_view name : {"none", "None", "HS256", "PS256", "ES256", ""}) {
    auto header = app.header();
    header["alg"] = name;
    const auto text = crypto::encode_base64url(json::serialize(header)) + "." +
                      crypto::encode_base64url(json::serialize(app.claims()));

    expect_refused(text + ".", "Algorithm not allowed");
    expect_refused(text + ".AAAA", "Algorithm not allowed");
  }
}

TEST_F(Assertion, ThatIsNoJwtIsRefused) {
  for (const std::string_view text : {"x", "a.b", "..", "a.b.c.d", "e30.e30.!", "W10.W10.AA"}) {
    EXPECT_EQ(app.present(std::string(text)).text("error"), "invalid_grant") << text;
  }
}

TEST(AssertionWithoutAKey, IsRefusedBecauseTheAppHasNone) {
  Emulated box;
  json::object claims;
  claims["iss"] = box.facts().client_id;
  const auto text = crypto::encode_base64url(R"({"alg":"RS256"})") + "." +
                    crypto::encode_base64url(json::serialize(claims)) + ".AAAA";

  const auto answer =
      box.post_form("/oauth2/token", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer" +
                                         box.client() + "&assertion=" + text);

  EXPECT_THAT(answer.text("error_description"), HasSubstr("No public key(s) added"));
}

}  // namespace
}  // namespace valetkey::emulator::test
