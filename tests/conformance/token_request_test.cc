// SPDX-License-Identifier: Apache-2.0
// What is sent to an authorization server: the RFCs' own examples, and the bodies of Box's SDKs.

#include "oauth/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::form_fields;
using support::text_of;
using testing::ElementsAre;
using testing::Pair;

Profile plain_profile() {
  Profile profile;
  profile.type = ProviderType::oauth2;
  profile.client_id = "s6BhdRkqt3";
  profile.token_endpoint = "https://server.example.com/token";
  profile.revocation_endpoint = "https://server.example.com/revoke";
  profile.introspection_endpoint = "https://server.example.com/introspect";
  return profile;
}

Profile box_profile() {
  Profile profile;
  profile.client_id = "CID";
  apply_box_defaults(profile, "https://api.box.com", "");
  return profile;
}

const Secret& secret() {
  static const Secret held("SEC");
  return held;
}

ClientProof posted() {
  return {.method = ClientAuthMethod::client_secret_post, .secret = &secret()};
}

TEST(TokenRequestConformance, SendsFormsByPost) {
  const auto request = client_credentials_request(plain_profile(), {}, posted());

  // RFC 6749 §3.2: POST, and parameters in the body.
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://server.example.com/token");
  EXPECT_EQ(find_header(request.headers, "content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(find_header(request.headers, "accept"), "application/json");
  EXPECT_TRUE(request.authorization.empty());
}

TEST(TokenRequestConformance, AuthenticatesByBasicAsInRfc6749) {
  // RFC 6749 §2.3.1 and §4.4.2 have this very header.
  const Secret example_secret("7Fjfp0ZBr1KtDRbnfVdmIw");
  const ClientProof proof{.method = ClientAuthMethod::client_secret_basic,
                          .secret = &example_secret};

  const auto request = client_credentials_request(plain_profile(), {}, proof);

  EXPECT_EQ(text_of(request.authorization), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
  EXPECT_EQ(text_of(request.body), "grant_type=client_credentials");
}

TEST(TokenRequestConformance, FormEncodesIdAndSecretBeforeBasic) {
  // RFC 6749 §2.3.1, Appendix B: "a:b" and "c d+%" become a%3Ab and c+d%2B%25.
  Profile profile = plain_profile();
  profile.client_id = "a:b";
  const Secret hard("c d+%");

  const auto request = client_credentials_request(
      profile, {}, {.method = ClientAuthMethod::client_secret_basic, .secret = &hard});

  EXPECT_EQ(text_of(request.authorization), "Basic YSUzQWI6YytkJTJCJTI1");
}

TEST(TokenRequestConformance, AuthenticatesBySignedAssertion) {
  // RFC 7523 §2.2, §8.
  const Secret assertion("H.P.S");

  const auto request = client_credentials_request(
      plain_profile(), {}, {.method = ClientAuthMethod::private_key_jwt, .assertion = &assertion});

  EXPECT_THAT(form_fields(request),
              ElementsAre(Pair("grant_type", "client_credentials"), Pair("client_id", "s6BhdRkqt3"),
                          Pair("client_assertion_type",
                               "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                          Pair("client_assertion", "H.P.S")));
}

TEST(TokenRequestConformance, NamesAPublicClient) {
  // RFC 6749 §3.2.1.
  const auto request = refresh_request(plain_profile(), {}, Secret("tGzv3JOkF0XG5Qx2TlKWIA"), {});

  EXPECT_EQ(text_of(request.body),
            "grant_type=refresh_token&client_id=s6BhdRkqt3&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
}

TEST(TokenRequestConformance, RefreshesForNoMoreThanIsAskedFor) {
  // RFC 6749 §6, RFC 8707 §2.2.
  const TokenRequest wanted{.scopes = {"calendar"}, .resource = "https://cal.example.com/"};

  const auto request =
      refresh_request(plain_profile(), wanted, Secret("tGzv3JOkF0XG5Qx2TlKWIA"), {});

  EXPECT_EQ(text_of(request.body),
            "grant_type=refresh_token&client_id=s6BhdRkqt3&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA"
            "&scope=calendar&resource=https%3A%2F%2Fcal.example.com%2F");
}

TEST(TokenRequestConformance, AsksForScopesResourceAndAudience) {
  // RFC 6749 §4.4.2, RFC 8707 §2.
  const TokenRequest wanted{.scopes = {"calendar", "contacts"},
                            .resource = "https://cal.example.com/",
                            .audience = "calendar service"};

  const auto request = client_credentials_request(plain_profile(), wanted, {});

  EXPECT_EQ(text_of(request.body),
            "grant_type=client_credentials&client_id=s6BhdRkqt3&scope=calendar+contacts"
            "&resource=https%3A%2F%2Fcal.example.com%2F&audience=calendar+service");
}

TEST(TokenRequestConformance, ExchangesAToken) {
  // RFC 8693 §2.1, §2.3.
  const Secret actor("A.C.T");
  const TokenRequest wanted{.scopes = {"read"}, .resource = "https://backend.example.com/api"};

  const auto request = exchange_request(
      plain_profile(), wanted, support::token_of("accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC"),
      &actor, {});

  EXPECT_THAT(
      form_fields(request),
      ElementsAre(Pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                  Pair("client_id", "s6BhdRkqt3"),
                  Pair("subject_token", "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC"),
                  Pair("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                  Pair("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                  Pair("scope", "read"), Pair("resource", "https://backend.example.com/api"),
                  Pair("actor_token", "A.C.T"),
                  Pair("actor_token_type", "urn:ietf:params:oauth:token-type:jwt")));
}

TEST(TokenRequestConformance, AsksAboutATokenWithAHint) {
  const auto token = support::token_of("45ghiukldjahdnhzdauz");

  // RFC 7009 §2.1 and RFC 7662 §2.1.
  for (const auto& request : {revocation_request(plain_profile(), token, posted()),
                              introspection_request(plain_profile(), token, posted())}) {
    EXPECT_EQ(text_of(request.body),
              "client_id=s6BhdRkqt3&client_secret=SEC&token=45ghiukldjahdnhzdauz"
              "&token_type_hint=access_token");
  }
}

TEST(BoxRequestConformance, IsByteForByteWhatBoxsPythonSdkSends) {
  const TokenRequest of_user{.subject = user("UID")};

  EXPECT_EQ(text_of(client_credentials_request(box_profile(), of_user, posted()).body),
            "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=user"
            "&box_subject_id=UID");
  EXPECT_EQ(text_of(jwt_bearer_request(box_profile(), of_user, Secret("H.P.S"), posted()).body),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_id=CID"
            "&client_secret=SEC&assertion=H.P.S");
  EXPECT_EQ(text_of(refresh_request(box_profile(), {}, Secret("RT"), posted()).body),
            "grant_type=refresh_token&client_id=CID&client_secret=SEC&refresh_token=RT");
  EXPECT_EQ(text_of(revocation_request(box_profile(), support::token_of("AT"), posted()).body),
            "client_id=CID&client_secret=SEC&token=AT");
}

TEST(BoxRequestConformance, NamesTheEnterprise) {
  const TokenRequest wanted{.subject = enterprise("EID")};

  EXPECT_EQ(text_of(client_credentials_request(box_profile(), wanted, posted()).body),
            "grant_type=client_credentials&client_id=CID&client_secret=SEC"
            "&box_subject_type=enterprise&box_subject_id=EID");
}

TEST(BoxRequestConformance, NarrowsAsBoxsPythonSdkDoesWithoutClientCredentials) {
  Profile nameless = box_profile();
  nameless.client_id.clear();
  const TokenRequest wanted{.scopes = {"item_preview", "item_rename"},
                            .resource = "https://api.box.com/2.0/files/1"};

  const auto request = exchange_request(nameless, wanted, support::token_of("AT"), nullptr, {});

  EXPECT_EQ(text_of(request.body),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=AT"
            "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
            "&scope=item_preview+item_rename&resource=https%3A%2F%2Fapi.box.com%2F2.0%2Ffiles%2F1");
}

TEST(BoxRequestConformance, NarrowsToASharedLinkForAnActor) {
  const Secret actor("A.C.T");
  const TokenRequest wanted{.scopes = {"item_preview"}, .shared_link = "https://app.box.com/s/XYZ"};

  const auto fields =
      form_fields(exchange_request(box_profile(), wanted, support::token_of("1!AT"), &actor, {}));

  EXPECT_THAT(fields, testing::IsSupersetOf(
                          {Pair("subject_token", "1!AT"),
                           Pair("box_shared_link", "https://app.box.com/s/XYZ"),
                           Pair("actor_token", "A.C.T"),
                           Pair("actor_token_type", "urn:ietf:params:oauth:token-type:id_token")}));
}

}  // namespace
}  // namespace valetkey::oauth
