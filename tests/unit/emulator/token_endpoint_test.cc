// SPDX-License-Identifier: Apache-2.0
// POST /oauth2/token and /oauth2/revoke: forms as the official SDKs write them, and Box's answers.
#include "emulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

using Words = std::map<std::string_view, std::string>;

/// The text with each word in capitals replaced, in one pass: what is put in is not read again.
std::string filled(std::string_view text, const Words& words) {
  std::string whole;
  while (!text.empty()) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const auto& at) { return text.starts_with(at.first); });
    whole += found == words.end() ? std::string(text.substr(0, 1)) : found->second;
    text.remove_prefix(found == words.end() ? 1 : found->first.size());
  }
  return whole;
}

struct Vector {
  std::string_view sender;
  std::string_view body;
};

// Literal request bodies of the official SDKs; words in capitals are filled in.
constexpr Vector vectors[] = {
    {"JAVA4 auth code", "grant_type=authorization_code&code=CODE&client_id=CID&client_secret=SEC"},
    {"JAVA4 refresh",
     "grant_type=refresh_token&refresh_token=RTOK&client_id=CID&client_secret=SEC"},
    {"JAVA4 JWT",
     "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=CID&client_secret=SEC&"
     "assertion=H.P.S"},
    {"JAVA4 CCG",
     "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=enterprise&"
     "box_subject_id=EID"},
    {"JAVA4 exchange",
     "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&"
     "subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token=ATOK&"
     "scope=item_preview item_rename&resource=https://api.box.com/2.0/files/FID"},
    {"PY10 CCG",
     "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=user&"
     "box_subject_id=UID"},
    {"PY10 JWT",
     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_id=CID&"
     "client_secret=SEC&assertion=H.P.S"},
    {"PY10 refresh", "grant_type=refresh_token&client_id=CID&client_secret=SEC&refresh_token=RTOK"},
    {"PY10 exchange",
     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=ATOK&"
     "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&"
     "scope=item_rename+item_preview&resource=https%3A%2F%2Fapi.box.com%2F2.0%2Ffiles%2FFID"},
    {"PY4 auth code",
     "grant_type=authorization_code&code=CODE&client_id=CID&client_secret=SEC&box_device_id=0"},
    {"PY4 exchange",
     "subject_token=ATOK&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_"
     "token&scope=item_rename%20item_preview&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%"
     "3Atoken-exchange&resource=https%3A%2F%2Fapi.box.com%2F2.0%2Ffiles%2FFID"},
    {"NODE3 exchange",
     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token_type="
     "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&subject_token=ATOK&scope=item_"
     "preview&resource=https%3A%2F%2Fapi.box.com%2F2.0%2Ffolders%2F0&client_id=CID&client_secret="
     "SEC"},
};

TEST(TokenEndpoint, UnderstandsEveryBodyThatTheOfficialSdksWrite) {
  Emulated box;
  const App app(box);
  for (const auto& vector : vectors) {
    const auto code = box.emulator->authorization_code({});
    const auto body =
        filled(vector.body, {{"CODE", code->reveal([](auto text) { return std::string(text); })},
                             {"RTOK", box.sign_in().text("refresh_token")},
                             {"ATOK", box.service_token()},
                             {"H.P.S", app.assertion(app.claims())},
                             {"CID", box.facts().client_id},
                             {"SEC", box.secret},
                             {"EID", box.facts().enterprise_id},
                             {"UID", box.facts().user_ids[0]},
                             {"FID", box.facts().root_file_ids[0]}});

    const auto answer = box.post_form("/oauth2/token", body);

    EXPECT_EQ(answer.status, 200) << vector.sender << ": " << answer.body;
    EXPECT_FALSE(answer.text("access_token").empty()) << vector.sender;
  }
}

TEST(TokenEndpoint, AnswersTheShapeAndTheHeadersOfBox) {
  Emulated box;

  const auto answer = box.ask_for("enterprise", box.facts().enterprise_id);

  const auto value = answer.json();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_THAT(answer.header("Date"), MatchesRegex("[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
                                                  "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT"));
  EXPECT_THAT(answer.header("BOX-REQUEST-ID"), MatchesRegex("[0-9a-f]{33}"));
  EXPECT_THAT(answer.text("access_token"), MatchesRegex("1![A-Za-z0-9_-]{500}"));
  EXPECT_EQ(answer.text("token_type"), "bearer");
  EXPECT_TRUE(value.at("restricted_to").as_array().empty());
  EXPECT_GE(value.at("expires_in").as_int64(), 3600);
  EXPECT_LE(value.at("expires_in").as_int64(), 4250);
  EXPECT_FALSE(value.contains("refresh_token"));
}

TEST(TokenEndpoint, GivesTheTwoOauthGrantsARefreshToken) {
  Emulated box;

  const auto signed_in = box.sign_in();
  const auto refreshed = box.refresh(signed_in.text("refresh_token"));

  EXPECT_THAT(signed_in.text("access_token"), MatchesRegex("[A-Za-z0-9]{32}"));
  EXPECT_THAT(signed_in.text("refresh_token"), MatchesRegex("[A-Za-z0-9]{64}"));
  EXPECT_THAT(refreshed.text("refresh_token"), MatchesRegex("[A-Za-z0-9]{64}"));
}

TEST(TokenEndpoint, TakesATrailingSlashAndAContentTypeWithOddParameters) {
  Emulated box;
  const auto body = "grant_type=client_credentials" + box.client() +
                    "&box_subject_type=enterprise&box_subject_id=" + box.facts().enterprise_id;

  const auto odd = ask(box.url(), "POST", "/oauth2/token/",
                       {{"content-type", "application/x-www-form-urlencoded charset=utf-8"}}, body);

  EXPECT_EQ(odd.status, 200);
}

TEST(TokenEndpoint, TokenLifeCanBeSet) {
  Emulated box({.token_life = std::chrono::seconds(120)});

  EXPECT_EQ(box.ask_for("enterprise", box.facts().enterprise_id).json().at("expires_in"), 120);
}

struct Refusal {
  std::string_view name;
  std::string_view body;
  std::string_view code;
  std::string_view description;
};

constexpr Refusal refusals[] = {
    {"no grant type", "client_id=CID&client_secret=SEC", "invalid_request",
     "Invalid grant_type parameter or parameter missing"},
    {"an unknown grant type", "grant_type=password&client_id=CID&client_secret=SEC",
     "invalid_request", "Invalid grant_type parameter or parameter missing"},
    {"an empty grant type", "grant_type=&client_id=CID&client_secret=SEC", "invalid_request",
     "Invalid grant_type parameter or parameter missing"},
    {"CCG, wrong secret",
     "grant_type=client_credentials&client_id=CID&client_secret=wrong&box_subject_type=enterprise&"
     "box_subject_id=EID",
     "invalid_grant", "Grant credentials are invalid"},
    {"CCG, wrong enterprise",
     "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=enterprise&"
     "box_subject_id=1",
     "invalid_grant", "Grant credentials are invalid"},
    {"CCG, unknown user",
     "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=user&"
     "box_subject_id=1",
     "invalid_grant", "Grant credentials are invalid"},
    {"CCG, unknown subject type",
     "grant_type=client_credentials&client_id=CID&client_secret=SEC&box_subject_type=group&"
     "box_subject_id=1",
     "unauthorized_client", "The \"box_subject_type\" value is unauthorized for this client_id"},
    {"JWT, wrong secret",
     "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=CID&client_secret=wrong&"
     "assertion=a.b.c",
     "invalid_client", "The client credentials are invalid"},
    {"refresh, wrong secret",
     "grant_type=refresh_token&client_id=CID&client_secret=wrong&refresh_token=x", "invalid_client",
     "The client credentials are invalid"},
    {"refresh, no token", "grant_type=refresh_token&client_id=CID&client_secret=SEC",
     "invalid_request", "No \"refresh_token\" parameter found"},
    {"refresh, unknown token",
     "grant_type=refresh_token&client_id=CID&client_secret=SEC&refresh_token=x", "invalid_grant",
     "Invalid refresh token"},
    {"code, wrong client", "grant_type=authorization_code&client_id=x&client_secret=SEC&code=x",
     "invalid_client", "The client credentials are invalid"},
    {"code, unknown", "grant_type=authorization_code&client_id=CID&client_secret=SEC&code=x",
     "invalid_grant", "Auth code doesn't exist or is invalid for the client"},
    {"a parameter twice",
     "grant_type=refresh_token&grant_type=refresh_token&client_id=CID&client_secret=SEC",
     "invalid_request", "A parameter is repeated"},
};

TEST(TokenEndpoint, RefusesInTheWordsOfBox) {
  const Emulated box;
  for (const auto& refusal : refusals) {
    const auto body = filled(
        refusal.body,
        {{"CID", box.facts().client_id}, {"SEC", box.secret}, {"EID", box.facts().enterprise_id}});

    const auto answer = box.post_form("/oauth2/token", body);

    EXPECT_EQ(answer.status, 400) << refusal.name;
    EXPECT_EQ(answer.text("error"), refusal.code) << refusal.name;
    EXPECT_EQ(answer.text("error_description"), refusal.description) << refusal.name;
    EXPECT_EQ(answer.header("Content-Type"), "application/json") << refusal.name;
    EXPECT_FALSE(answer.header("Date").empty()) << refusal.name;
    EXPECT_EQ(answer.text("error_description").find("exp"), std::string::npos) << refusal.name;
    EXPECT_EQ(answer.text("error_description").find("jti"), std::string::npos) << refusal.name;
  }
}

TEST(TokenEndpoint, RefusesClientCredentialsInABasicHeader) {
  const Emulated box;

  const auto answer =
      ask(box.url(), "POST", "/oauth2/token",
          {{"Content-Type", std::string(form_type)},
           {"Authorization",
            "Basic " + crypto::encode_base64(box.facts().client_id + ":" + box.secret)}},
          "grant_type=refresh_token&refresh_token=x");

  EXPECT_EQ(answer.text("error"), "invalid_client");
}

TEST(TokenEndpoint, RefusesAnotherMethodAndAnotherContentTypeInJson) {
  const Emulated box;

  const auto wrong_method = ask(box.url(), "GET", "/oauth2/token");
  const auto wrong_type =
      ask(box.url(), "POST", "/oauth2/token", {{"Content-Type", "application/json"}}, "{}");

  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_type.status, 400);
  EXPECT_FALSE(wrong_method.text("error_description").empty());
  EXPECT_EQ(wrong_type.text("error"), "invalid_request");
}

TEST(TokenEndpoint, TwoRequestsForOneSubjectGiveDifferentTokens) {
  const Emulated box;

  EXPECT_NE(box.service_token(), box.service_token());
}

TEST(AuthorizationCode, WorksOnce) {
  const Emulated box;
  const auto code = box.emulator->authorization_code({});
  const auto body = code->reveal([&](std::string_view text) {
    return "grant_type=authorization_code&code=" + std::string(text) + box.client();
  });

  const auto first = box.post_form("/oauth2/token", body);
  const auto second = box.post_form("/oauth2/token", body);

  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 400);
  EXPECT_EQ(second.text("error"), "invalid_grant");
  EXPECT_EQ(box.get("/2.0/users/me", first.text("access_token")).status, 200);
}

TEST(AuthorizationCode, ExpiresAfterThirtySeconds) {
  const Emulated box;
  const auto code = box.emulator->authorization_code({});
  box.emulator->advance_clock(std::chrono::seconds(30));

  const auto answer = code->reveal([&](std::string_view text) {
    return box.post_form("/oauth2/token",
                         "grant_type=authorization_code&code=" + std::string(text) + box.client());
  });

  EXPECT_EQ(answer.text("error_description"), "The authorization code has expired");
}

TEST(AuthorizationCode, NeedsTheVerifierOfItsChallenge) {
  const Emulated box;
  // RFC 7636, appendix B.
  const SignIn as{.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"};
  const auto redeem = [&](const std::string& verifier) {
    const auto code = box.emulator->authorization_code(as);
    return code->reveal([&](std::string_view text) {
      return box.post_form("/oauth2/token", "grant_type=authorization_code&code=" +
                                                std::string(text) + box.client() + verifier);
    });
  };

  EXPECT_EQ(redeem("").status, 400);
  EXPECT_EQ(redeem("&code_verifier=wrong").status, 400);
  EXPECT_EQ(redeem("&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").status, 200);
}

TEST(Revoke, IsEmptyAndTheTokenIsDeadAtOnce) {
  const Emulated box;
  const auto token = box.service_token();

  const auto answer = box.revoke(token);

  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.empty());
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 401);
}

TEST(Revoke, OfEitherMemberKillsThePair) {
  const Emulated box;
  const auto first = box.sign_in();
  const auto second = box.sign_in();

  EXPECT_EQ(box.revoke(first.text("access_token")).status, 200);
  EXPECT_EQ(box.revoke(second.text("refresh_token")).status, 200);

  EXPECT_EQ(box.refresh(first.text("refresh_token")).status, 400);
  EXPECT_EQ(box.get("/2.0/users/me", second.text("access_token")).status, 401);
}

TEST(Revoke, OfAPendingPairWithdrawsTheWholeSignIn) {
  const Emulated box;
  const auto first = box.sign_in();
  const auto second = box.refresh(first.text("refresh_token"));

  EXPECT_EQ(box.revoke(second.text("refresh_token")).status, 200);

  EXPECT_EQ(box.get("/2.0/users/me", first.text("access_token")).status, 401);
  EXPECT_EQ(box.refresh(first.text("refresh_token")).status, 400);
}

TEST(Revoke, NeedsTheClient) {
  const Emulated box;
  const auto token = box.service_token();

  const auto nobody = box.post_form("/oauth2/revoke", "token=" + token);
  const auto wrong =
      box.post_form("/oauth2/revoke", "token=" + token + "&client_id=" + box.facts().client_id +
                                          "&client_secret=wrong");

  EXPECT_EQ(nobody.text("error_description"), "The client is invalid");
  EXPECT_EQ(wrong.text("error"), "invalid_client");
  EXPECT_EQ(box.get("/2.0/users/me", token).status, 200);
}

TEST(Revoke, OfAnUnknownTokenSucceeds) {
  const Emulated box;

  EXPECT_EQ(box.revoke("nobody-ever-had-this").status, 200);
}

TEST(Revoke, LeavesChildrenAliveUnlessToldToCascade) {
  const Emulated gentle;
  const Emulated strict({.revoke_cascades = true});
  for (const auto* const box : {&gentle, &strict}) {
    const auto parent = box->service_token();
    const auto child = box->exchange(parent, "root_readonly").text("access_token");
    const auto grandchild = box->exchange(child, "item_preview").text("access_token");

    EXPECT_EQ(box->revoke(parent).status, 200);

    const int expected = box == &gentle ? 200 : 401;
    EXPECT_EQ(box->get("/2.0/users/me", child).status, expected);
    EXPECT_EQ(box->get("/2.0/users/me", grandchild).status, expected);
  }
}

TEST(Revoke, OfAChildLeavesTheParent) {
  const Emulated box({.revoke_cascades = true});
  const auto parent = box.service_token();
  const auto child = box.exchange(parent, "root_readonly").text("access_token");

  EXPECT_EQ(box.revoke(child).status, 200);

  EXPECT_EQ(box.get("/2.0/users/me", child).status, 401);
  EXPECT_EQ(box.get("/2.0/users/me", parent).status, 200);
}

}  // namespace
}  // namespace valetkey::emulator::test
