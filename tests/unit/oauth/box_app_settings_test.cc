// SPDX-License-Identifier: Apache-2.0
#include "oauth/box_app_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include <boost/json.hpp>

#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::text_of;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view whole = R"({
  "boxAppSettings": {
    "clientID": "client-one", "clientSecret": "secret-word",
    "appAuth": { "publicKeyID": "abcd1234",
                 "privateKey": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nkey-word\n-----END ENCRYPTED PRIVATE KEY-----\n",
                 "passphrase": "pass-word" }
  },
  "enterpriseID": "1234567"
})";

Result<BoxAppSettings> changed(const std::function<void(boost::json::object&)>& change) {
  auto document = boost::json::parse(whole).as_object();
  change(document);
  return parse_box_app_settings(Secret(boost::json::serialize(document)));
}

TEST(BoxAppSettings, ReadsTheFileThatTheConsoleHandsOut) {
  const auto settings = parse_box_app_settings(Secret(whole));

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->client_id, "client-one");
  EXPECT_EQ(settings->key_id, "abcd1234");
  EXPECT_EQ(settings->enterprise_id, "1234567");
  EXPECT_EQ(settings->user_id, "");
  EXPECT_EQ(text_of(settings->client_secret), "secret-word");
  EXPECT_EQ(text_of(settings->passphrase), "pass-word");
  EXPECT_THAT(text_of(settings->private_key), HasSubstr("KEY-----\nkey-word\n-----END"));
}

TEST(BoxAppSettings, DoesWithoutEnterprisePassphraseAndUser) {
  const auto settings = changed([](boost::json::object& document) {
    document["enterpriseID"] = nullptr;
    document["userID"] = "99";
    document["boxAppSettings"].as_object()["appAuth"].as_object().erase("passphrase");
  });

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->enterprise_id, "");
  EXPECT_EQ(settings->user_id, "99");
  EXPECT_TRUE(settings->passphrase.empty());
}

TEST(BoxAppSettings, NamesTheMemberThatIsMissing) {
  const std::pair<std::string, std::function<void(boost::json::object&)>> rows[] = {
      {"boxAppSettings is missing", [](auto& all) { all.erase("boxAppSettings"); }},
      {"boxAppSettings is not an object", [](auto& all) { all["boxAppSettings"] = 1; }},
      {"boxAppSettings.clientID is missing",
       [](auto& all) { all["boxAppSettings"].as_object().erase("clientID"); }},
      {"boxAppSettings.clientSecret is empty",
       [](auto& all) { all["boxAppSettings"].as_object()["clientSecret"] = ""; }},
      {"boxAppSettings.appAuth is missing",
       [](auto& all) { all["boxAppSettings"].as_object().erase("appAuth"); }},
      {"boxAppSettings.appAuth.publicKeyID is not a string",
       [](auto& all) {
         all["boxAppSettings"].as_object()["appAuth"].as_object()["publicKeyID"] = 7;
       }},
      {"boxAppSettings.appAuth.privateKey is missing",
       [](auto& all) {
         all["boxAppSettings"].as_object()["appAuth"].as_object().erase("privateKey");
       }},
      {"enterpriseID is not a string", [](auto& all) { all["enterpriseID"] = 1234567; }},
  };
  for (const auto& [complaint, change] : rows) {
    const auto settings = changed(change);

    ASSERT_FALSE(settings) << complaint;
    EXPECT_EQ(settings.error().code, Errc::misconfigured);
    EXPECT_THAT(settings.error().context, HasSubstr(complaint));
    EXPECT_FALSE(settings.error().hint.empty());
    EXPECT_THAT(describe(settings.error()) + settings.error().hint, Not(HasSubstr("-word")));
  }
}

TEST(BoxAppSettings, RefusesWhatIsNoJsonWithoutShowingIt) {
  for (const std::size_t kept : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
    const auto settings = parse_box_app_settings(Secret(whole.substr(0, kept)));

    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, Errc::misconfigured);
    EXPECT_THAT(describe(settings.error()), Not(HasSubstr("-word")));
  }
}

TEST(BoxAppSettings, RefusesAMemberGivenTwice) {
  const auto settings = parse_box_app_settings(
      Secret(R"({"boxAppSettings":{"clientID":"a","clientID":"b"},"enterpriseID":"1"})"));

  ASSERT_FALSE(settings);
  EXPECT_THAT(settings.error().context, HasSubstr("twice"));
}

}  // namespace
}  // namespace valetkey::oauth
