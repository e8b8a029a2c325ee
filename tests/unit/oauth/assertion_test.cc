// SPDX-License-Identifier: Apache-2.0
#include "oauth/assertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "crypto/digest.h"
#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

const crypto::SigningKey& signing_key() {
  static const crypto::SigningKey key = crypto::generate_rsa_key(2048);
  return key;
}

AssertionPlan box_plan() {
  AssertionPlan plan;
  plan.issuer = "client-one";
  plan.subject = "12345";
  plan.box_sub_type = "user";
  plan.audience = "https://api.box.com/oauth2/token";
  plan.key_id = "abcd1234";
  plan.jti = "0123456789abcdef0123456789abcdef";
  plan.now = support::answered_at + std::chrono::milliseconds(900);
  return plan;
}

struct Decoded {
  boost::json::object header;
  boost::json::object claims;
  bool verified = false;
};

Decoded decoded(const Secret& assertion, crypto::JwsAlgorithm algorithm) {
  const std::string text = support::text_of(assertion);
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  const auto part = [&](std::size_t from, std::size_t to) {
    return crypto::decode_base64url(text.substr(from, to - from)).value_or("");
  };
  Decoded jwt;
  jwt.header = boost::json::parse(part(0, first)).as_object();
  jwt.claims = boost::json::parse(part(first + 1, last)).as_object();
  jwt.verified = signing_key().verify_key().verify(algorithm, text.substr(0, last),
                                                   part(last + 1, text.size()));
  return jwt;
}

// RFC 7515 §3, RFC 7523 §3
TEST(Assertion, HasTheHeaderAndClaimsThatBoxAsksFor) {
  const auto assertion = make_assertion(signing_key(), box_plan());

  ASSERT_TRUE(assertion);
  const auto jwt = decoded(*assertion, crypto::JwsAlgorithm::rs256);
  EXPECT_TRUE(jwt.verified);
  EXPECT_EQ(boost::json::serialize(jwt.header), R"({"alg":"RS256","typ":"JWT","kid":"abcd1234"})");
  EXPECT_EQ(boost::json::serialize(jwt.claims),
            R"({"iss":"client-one","sub":"12345","box_sub_type":"user",)"
            R"("aud":"https://api.box.com/oauth2/token",)"
            R"("jti":"0123456789abcdef0123456789abcdef","exp":1800000045})");
}

TEST(Assertion, IsSignedWithTheAlgorithmOfItsPlan) {
  for (const auto algorithm : {crypto::JwsAlgorithm::rs384, crypto::JwsAlgorithm::rs512}) {
    AssertionPlan plan = box_plan();
    plan.algorithm = algorithm;

    const auto assertion = make_assertion(signing_key(), plan);

    ASSERT_TRUE(assertion);
    const auto jwt = decoded(*assertion, algorithm);
    EXPECT_TRUE(jwt.verified);
    EXPECT_EQ(jwt.header.at("alg").as_string(), std::string(crypto::name_of(algorithm)));
  }
}

TEST(Assertion, HasWholeSecondsAndIssuedAtOnlyWhenAsked) {
  AssertionPlan plan = box_plan();
  plan.with_issued_at = true;
  plan.life = std::chrono::seconds(30);

  const auto assertion = make_assertion(signing_key(), plan);

  ASSERT_TRUE(assertion);
  const auto jwt = decoded(*assertion, plan.algorithm);
  EXPECT_EQ(jwt.claims.at("iat").as_int64(), 1'800'000'000);
  EXPECT_EQ(jwt.claims.at("exp").as_int64(), 1'800'000'030);
}

TEST(Assertion, LeavesOutWhatItsPlanLacks) {
  AssertionPlan plan = box_plan();
  plan.key_id.clear();
  plan.box_sub_type.clear();

  const auto assertion = make_assertion(signing_key(), plan);

  ASSERT_TRUE(assertion);
  const auto jwt = decoded(*assertion, plan.algorithm);
  EXPECT_FALSE(jwt.header.contains("kid"));
  EXPECT_FALSE(jwt.claims.contains("box_sub_type"));
  EXPECT_FALSE(jwt.claims.contains("name"));
}

TEST(Assertion, CarriesAnActorsName) {
  AssertionPlan plan = box_plan();
  plan.box_sub_type = "external";
  plan.name = "Zo\xc3\xab \"Z\" O'Neill";

  const auto assertion = make_assertion(signing_key(), plan);

  ASSERT_TRUE(assertion);
  EXPECT_EQ(decoded(*assertion, plan.algorithm).claims.at("name").as_string(), plan.name);
}

TEST(Assertion, RefusesAJtiOutsideBoxsBounds) {
  for (const std::size_t length : {std::size_t{0}, std::size_t{15}, std::size_t{129}}) {
    AssertionPlan plan = box_plan();
    plan.jti = std::string(length, 'a');

    const auto assertion = make_assertion(signing_key(), plan);

    ASSERT_FALSE(assertion);
    EXPECT_EQ(assertion.error().code, Errc::invalid_argument);
  }
}

TEST(Assertion, RefusesToBeWithoutIssuerSubjectOrAudience) {
  for (auto member : {&AssertionPlan::issuer, &AssertionPlan::subject, &AssertionPlan::audience}) {
    AssertionPlan plan = box_plan();
    (plan.*member).clear();

    EXPECT_FALSE(make_assertion(signing_key(), plan));
  }
}

TEST(Assertion, SaysWhenTheKeyDoesNotFitTheAlgorithm) {
  AssertionPlan plan = box_plan();
  plan.algorithm = crypto::JwsAlgorithm::es256;

  const auto assertion = make_assertion(signing_key(), plan);

  ASSERT_FALSE(assertion);
  EXPECT_EQ(assertion.error().code, Errc::misconfigured);
}

}  // namespace
}  // namespace valetkey::oauth
