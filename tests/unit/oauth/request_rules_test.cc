// SPDX-License-Identifier: Apache-2.0
#include "oauth/request_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;

Profile box_profile(std::string_view base_url = "https://api.box.com") {
  Profile profile;
  profile.name = "box";
  profile.client_id = "client-one";
  profile.enterprise_id = "42";
  apply_box_defaults(profile, base_url, "");
  return profile;
}

Profile plain_profile(Grant grant = Grant::client_credentials) {
  Profile profile;
  profile.name = "plain";
  profile.type = ProviderType::oauth2;
  profile.grant = grant;
  profile.client_id = "client-one";
  return profile;
}

TokenRequest box_request(std::string resource = {}) {
  return {.scopes = {"item_download"}, .resource = std::move(resource)};
}

Error refused(const Profile& profile, TokenRequest request) {
  const auto result = normalised(profile, std::move(request));
  EXPECT_FALSE(result.has_value());
  if (result) return {.code = Errc::exhausted, .context = "it was accepted"};
  EXPECT_EQ(result.error().code, Errc::invalid_argument);
  EXPECT_FALSE(result.error().hint.empty());
  return result.error();
}

TEST(RequestRules, SortScopesAndDropRepeats) {
  const auto request =
      normalised(box_profile(), {.scopes = {"item_preview", "base_preview", "item_preview"}});

  ASSERT_TRUE(request);
  EXPECT_THAT(request->scopes, testing::ElementsAre("base_preview", "item_preview"));
}

TEST(RequestRules, ResolveTheConfiguredSubjectToTheProvidersEnterprise) {
  const auto request = normalised(box_profile(), {});

  ASSERT_TRUE(request);
  EXPECT_EQ(request->subject, enterprise("42"));
  EXPECT_EQ(request->provider, "box");
}

TEST(RequestRules, ResolveTheConfiguredSubjectToTheProfilesDefault) {
  Profile profile = box_profile();
  profile.default_subject = user("7");

  const auto request = normalised(profile, {});

  ASSERT_TRUE(request);
  EXPECT_EQ(request->subject, user("7"));
}

TEST(RequestRules, ResolveAnEnterpriseWithoutIdToTheConfiguredOne) {
  const auto request = normalised(box_profile(), {.subject = enterprise()});

  ASSERT_TRUE(request);
  EXPECT_EQ(request->subject, enterprise("42"));
}

TEST(RequestRules, SayWhenNoEnterpriseIsKnown) {
  Profile profile = box_profile();
  profile.enterprise_id.clear();

  EXPECT_THAT(refused(profile, {}).hint, HasSubstr("enterprise_id"));
}

TEST(RequestRules, RefuseBoxIdsThatAreNotDigits) {
  EXPECT_THAT(refused(box_profile(), {.subject = user("me@example.com")}).hint,
              HasSubstr("digits"));
  EXPECT_THAT(refused(box_profile(), {.subject = user("")}).context, HasSubstr("empty"));
  EXPECT_THAT(refused(box_profile(), {.subject = {SubjectType::client, ""}}).context,
              HasSubstr("client"));
}

TEST(RequestRules, RefuseASubjectThatTheGrantCannotChoose) {
  Profile profile = box_profile();
  profile.grant = Grant::developer_token;

  EXPECT_THAT(refused(profile, {.subject = user("7")}).context, HasSubstr("developer_token"));
  EXPECT_THAT(refused(plain_profile(), {.subject = user("7")}).context,
              HasSubstr("client_credentials"));
  EXPECT_TRUE(normalised(plain_profile(Grant::jwt), {.subject = user("someone")}));
}

TEST(RequestRules, GiveADeveloperTokenItsOwnSubject) {
  Profile profile = box_profile();
  profile.grant = Grant::developer_token;

  const auto request = normalised(profile, {});

  ASSERT_TRUE(request);
  EXPECT_EQ(request->subject.type, SubjectType::client);
}

TEST(RequestRules, AcceptTheDefaultSubjectOfARefreshTokenWhenNamed) {
  Profile profile = box_profile();
  profile.grant = Grant::refresh_token;
  profile.default_subject = enterprise();

  const auto once = normalised(profile, {});

  ASSERT_TRUE(once);
  EXPECT_TRUE(normalised(profile, *once));
}

TEST(RequestRules, SuggestTheScopeThatWasMeant) {
  EXPECT_EQ(refused(box_profile(), {.scopes = {"item_downlod"}}).hint,
            "did you mean item_download?");
  EXPECT_EQ(refused(box_profile(), {.scopes = {"Base_Preview"}}).hint,
            "did you mean base_preview?");
  EXPECT_THAT(refused(box_profile(), {.scopes = {"zzzzzzzzzzzz"}}).hint, HasSubstr("extra_scopes"));
}

TEST(RequestRules, AcceptConfiguredExtraScopes) {
  Profile profile = box_profile();
  profile.extra_scopes = {"brand_new"};

  EXPECT_TRUE(normalised(profile, {.scopes = {"brand_new"}}));
}

TEST(RequestRules, RefuseScopesOutsideTheCharacterSet) {
  for (const std::string scope : {"a b", "", "a\"b", "a\\b", "\x1b[31m", "\xc3\xa9"}) {
    const auto error = refused(plain_profile(), {.scopes = {scope}});
    EXPECT_THAT(error.context, Not(HasSubstr("\x1b"))) << scope;
  }
}

TEST(RequestRules, BoundScopesInNumberAndLength) {
  TokenRequest many;
  for (int at = 0; at < 101; ++at)
    many.scopes.push_back("s" + std::to_string(at));

  EXPECT_THAT(refused(plain_profile(), many).context, HasSubstr("100"));
  EXPECT_THAT(refused(plain_profile(), {.scopes = {std::string(257, 'a')}}).context,
              HasSubstr("256"));
}

TEST(RequestRules, GiveABoxResourceItsOneSpelling) {
  const auto profile = box_profile("http://127.0.0.1:8420");
  for (const std::string spelling : {"files/67890", "https://api.box.com/2.0/files/67890",
                                     "http://127.0.0.1:8420/2.0/files/67890"}) {
    const auto request = normalised(profile, box_request(spelling));

    ASSERT_TRUE(request) << spelling;
    EXPECT_EQ(request->resource, "https://api.box.com/2.0/files/67890");
  }
}

TEST(RequestRules, RefuseBoxResourcesThatNameNoItem) {
  for (const std::string spelling :
       {"files/", "files/abc", "files/1/content", "file/1", "web_links/1", "files/1?x=y",
        "https://api.box.com/2.1/files/1", "https://evil.example/2.0/files/1",
        "https://api.box.com.evil.example/2.0/files/1", "files/1#x", " files/1"}) {
    EXPECT_THAT(refused(box_profile(), box_request(spelling)).hint, HasSubstr("files/ID"))
        << spelling;
  }
}

TEST(RequestRules, TellTheWebApplicationFromTheApi) {
  const auto error = refused(box_profile(), box_request("https://app.box.com/folder/123"));

  EXPECT_THAT(error.context, HasSubstr("web application"));
  EXPECT_EQ(error.hint, "write folders/123");
  EXPECT_THAT(refused(box_profile(), box_request("https://app.box.com/s/abc")).hint,
              HasSubstr("shared link"));
}

TEST(RequestRules, RefuseAResourceTogetherWithASharedLink) {
  TokenRequest request = box_request("files/1");
  request.shared_link = "https://app.box.com/s/abc";

  EXPECT_THAT(refused(box_profile(), request).context, HasSubstr("exclude each other"));
}

TEST(RequestRules, RefuseSharedLinksThatAreNotHttps) {
  TokenRequest request = box_request();
  request.shared_link = "http://app.box.com/s/abc";

  EXPECT_THAT(refused(box_profile(), request).hint, HasSubstr("https://"));
}

TEST(RequestRules, RefuseANarrowedBoxTokenWithoutScopes) {
  EXPECT_THAT(refused(box_profile(), {.resource = "files/1"}).hint, HasSubstr("base_preview"));
}

TEST(RequestRules, RefuseAnAudienceForBox) {
  TokenRequest request = box_request();
  request.audience = "https://example.com";

  EXPECT_THAT(refused(box_profile(), request).context, HasSubstr("audience"));
}

TEST(RequestRules, RefusePlainResourcesThatAreNotAbsoluteOrHaveAFragment) {
  for (const std::string resource :
       {"files/1", "/a", "https://example.com/#x", "not a uri", "https://user:pass@example.com/"}) {
    EXPECT_THAT(refused(plain_profile(), {.resource = resource}).context, HasSubstr("absolute URI"))
        << resource;
  }
  EXPECT_TRUE(normalised(plain_profile(), {.resource = "urn:example:thing"}));
}

TEST(RequestRules, RefuseBoxWordsForPlainProviders) {
  EXPECT_THAT(refused(plain_profile(), {.shared_link = "https://app.box.com/s/a"}).context,
              HasSubstr("Box"));
  EXPECT_THAT(refused(plain_profile(Grant::jwt), {.subject = enterprise("1")}).context,
              HasSubstr("Box"));
}

TEST(RequestRules, RefuseAnActorWithoutIdOrWithBrokenText) {
  TokenRequest request = box_request();
  request.actor.name = "Someone";
  EXPECT_THAT(refused(box_profile(), request).context, HasSubstr("no id"));

  request.actor = {.id = "1", .name = "broken \xff"};
  EXPECT_THAT(refused(box_profile(), request).context, HasSubstr("UTF-8"));

  request.actor = {.id = "1", .name = "Zo\xc3\xab"};
  EXPECT_TRUE(normalised(box_profile(), request));
}

// Rule D2
TEST(RequestRules, RefuseARestrictionThatTheTokenRequestCannotCarry) {
  Profile box = box_profile();
  box.narrowing = Narrowing::request;
  Profile developing = plain_profile(Grant::developer_token);
  developing.narrowing = Narrowing::request;

  EXPECT_THAT(refused(box, box_request()).hint, HasSubstr("narrow = \"exchange\""));
  EXPECT_THAT(refused(developing, {.scopes = {"read"}}).context, HasSubstr("developer_token"));
  EXPECT_TRUE(normalised(developing, {}));
}

TEST(RequestRules, RefuseAConfiguredUserThatClientCredentialsCannotExpress) {
  Profile profile = plain_profile();
  profile.default_subject = user("7");

  EXPECT_THAT(refused(profile, {}).context, HasSubstr("client_credentials"));
}

TEST(RequestRules, TakeTheParentToBeTheSameSubjectWithoutRestriction) {
  TokenRequest request = box_request("files/1");
  request.subject = user("7");
  request.actor = {.id = "1"};
  request.min_life = std::chrono::seconds(60);

  const TokenRequest parent = parent_request(request);

  EXPECT_FALSE(parent.restricted());
  EXPECT_EQ(parent.subject, user("7"));
  EXPECT_EQ(parent.min_life, std::chrono::seconds(60));
}

}  // namespace
}  // namespace valetkey::oauth
