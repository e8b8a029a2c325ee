// SPDX-License-Identifier: Apache-2.0
#include "oauth/profile.h"

#include <gtest/gtest.h>

namespace valetkey::oauth {
namespace {

TEST(Profile, ReadsTheConfigurationsWords) {
  EXPECT_EQ(find_grant("jwt"), Grant::jwt);
  EXPECT_EQ(find_grant("refresh_token"), Grant::refresh_token);
  EXPECT_EQ(find_grant("password"), std::nullopt);
  EXPECT_EQ(find_client_auth("private_key_jwt"), ClientAuthMethod::private_key_jwt);
  EXPECT_EQ(find_client_auth(""), std::nullopt);
  EXPECT_EQ(find_provider_type("oauth2"), ProviderType::oauth2);
  EXPECT_EQ(find_narrowing("request"), Narrowing::request);
}

TEST(Profile, NamesAreReadBackAsTheSame) {
  for (const auto grant :
       {Grant::jwt, Grant::client_credentials, Grant::developer_token, Grant::refresh_token}) {
    EXPECT_EQ(find_grant(name_of(grant)), grant);
  }
  for (const auto method :
       {ClientAuthMethod::client_secret_post, ClientAuthMethod::client_secret_basic,
        ClientAuthMethod::private_key_jwt, ClientAuthMethod::none}) {
    EXPECT_EQ(find_client_auth(name_of(method)), method);
  }
}

TEST(Profile, KnowsTheBoxPlatform) {
  Profile profile;

  apply_box_defaults(profile, "https://api.box.com", "");

  EXPECT_EQ(profile.token_endpoint, "https://api.box.com/oauth2/token");
  EXPECT_EQ(profile.revocation_endpoint, "https://api.box.com/oauth2/revoke");
  EXPECT_EQ(profile.upload_base, "https://upload.box.com/api");
  EXPECT_EQ(profile.introspection_endpoint, "");
}

TEST(Profile, KeepsBoxsAudienceWhateverTheAddress) {
  Profile profile;

  apply_box_defaults(profile, "http://127.0.0.1:8420/box/", "");

  EXPECT_EQ(profile.assertion_audience, "https://api.box.com/oauth2/token");
  EXPECT_EQ(profile.token_endpoint, "http://127.0.0.1:8420/box/oauth2/token");
  EXPECT_EQ(profile.api_base, "http://127.0.0.1:8420/box");
  EXPECT_EQ(profile.upload_base, "http://127.0.0.1:8420/box/api");
}

}  // namespace
}  // namespace valetkey::oauth
