// SPDX-License-Identifier: Apache-2.0
#include "valetkey/token.h"

#include <gtest/gtest.h>

#include <utility>

#include "valetkey/box.h"

namespace valetkey {
namespace {

TEST(Fingerprint, KeepsTwelveDigits) {
  EXPECT_EQ(Fingerprint("0123456789abcdef").text(), "0123456789ab");
  EXPECT_EQ(Fingerprint().text(), "000000000000");
  EXPECT_LT(Fingerprint("000000000001"), Fingerprint("000000000002"));
}

TEST(Fingerprint, IsNeverMadeOfLess) {
  EXPECT_DEATH(Fingerprint("0123"), "hex.size\\(\\) >= digits");
}

TEST(AccessToken, SharesItsBytesAmongHandles) {
  TokenFields fields;
  fields.value = Secret("token-one");
  fields.provider = "box";
  AccessToken token(std::move(fields));

  const AccessToken second = token.share(TokenOrigin::memory);
  const AccessToken moved = std::move(token);

  const auto place = [](std::string_view text) { return text.data(); };
  EXPECT_EQ(second.reveal(place), moved.reveal(place));
  EXPECT_EQ(second.origin(), TokenOrigin::memory);
  EXPECT_EQ(moved.origin(), TokenOrigin::provider);
  EXPECT_EQ(second.provider(), "box");
}

TEST(TokenOrigin, HasAName) {
  EXPECT_EQ(name_of(TokenOrigin::memory), "memory");
  EXPECT_EQ(name_of(TokenOrigin::shared), "shared");
  EXPECT_EQ(name_of(TokenOrigin::provider), "provider");
}

TEST(Subject, IsWrittenByTypeAndId) {
  EXPECT_EQ(text_of(Subject{}), "configured");
  EXPECT_EQ(text_of({SubjectType::client, ""}), "client");
  EXPECT_EQ(text_of(enterprise("67")), "enterprise:67");
  EXPECT_EQ(text_of(user("12345")), "user:12345");
}

TEST(TokenRequest, IsRestrictedByAnythingThatNarrows) {
  EXPECT_FALSE(TokenRequest{}.restricted());
  EXPECT_FALSE((TokenRequest{.subject = user("1")}).restricted());
  EXPECT_TRUE((TokenRequest{.scopes = {"a"}}).restricted());
  EXPECT_TRUE((TokenRequest{.resource = box::file("1")}).restricted());
  EXPECT_TRUE((TokenRequest{.shared_link = "https://app.box.com/s/a"}).restricted());
  EXPECT_TRUE((TokenRequest{.audience = "b"}).restricted());
}

}  // namespace
}  // namespace valetkey
