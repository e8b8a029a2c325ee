// SPDX-License-Identifier: Apache-2.0
#include "http/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// Rule S4
TEST(UpstreamUrl, IsHttpsAnywhere) {
  for (const auto* const url : {"https://api.box.com", "https://api.box.com/oauth2/token?a=b",
                                "https://[2001:db8::1]:8443/", "HTTPS://API.BOX.COM"}) {
    EXPECT_TRUE(check_upstream_url(url)) << url;
  }
}

// Rule S4
TEST(UpstreamUrl, IsPlainHttpToALoopbackAddressAlone) {
  for (const auto* const url : {"http://127.0.0.1:8420", "http://127.9.8.7/", "http://[::1]:1/",
                                "http://localhost:99", "http://LocalHost/", "http://127.1/"}) {
    EXPECT_TRUE(check_upstream_url(url)) << url;
    EXPECT_TRUE(names_loopback(url)) << url;
  }
  for (const auto* const url :
       {"http://api.box.com", "http://10.0.0.1/", "http://128.0.0.1",
        "http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://[::2]/",
        "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/", "http://notlocalhost/"}) {
    const auto checked = check_upstream_url(url);

    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, Errc::denied_by_policy) << url;
    EXPECT_THAT(checked.error().hint, HasSubstr("https://")) << url;
    EXPECT_FALSE(names_loopback(url)) << url;
  }
}

TEST(UpstreamUrl, HoldsNoUserInformation) {
  const auto checked = check_upstream_url("https://someone:open-sesame@api.box.com/");

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::misconfigured);
  EXPECT_THAT(describe(checked.error()), Not(HasSubstr("open-sesame")));
  EXPECT_FALSE(check_upstream_url("http://localhost@evil.example/"));
  EXPECT_FALSE(check_upstream_url("http://localhost:1@evil.example/"));
}

TEST(UpstreamUrl, IsAbsoluteBoundedAndOfOurSchemes) {
  for (const std::string url :
       {"", "api.box.com", "/oauth2/token", "ftp://api.box.com", "file:///etc/passwd", "https://",
        "https://a b/", "https://api.box.com/#part", "https://api.box.com:99999/",
        "https://api.box.com\r\nX: y", "gopher://127.0.0.1/", "https:/api.box.com",
        "https:api.box.com", "https:///api.box.com", "http:/localhost/x", "https:/a/b://c"}) {
    const auto checked = check_upstream_url(url);

    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, Errc::misconfigured) << url;
  }
  EXPECT_FALSE(check_upstream_url("https://api.box.com/" + std::string(9000, 'a')));
  EXPECT_FALSE(check_upstream_url(std::string_view("https://api.box.com/\0", 21)));
}

TEST(Origin, IsTheSameForSchemeHostAndPort) {
  EXPECT_TRUE(same_origin("https://api.box.com/a", "https://API.box.com:443/b?c"));
  EXPECT_TRUE(same_origin("http://127.0.0.1/", "http://127.0.0.1:80"));
  EXPECT_FALSE(same_origin("https://api.box.com", "http://api.box.com"));
  EXPECT_FALSE(same_origin("https://api.box.com", "https://upload.box.com"));
  EXPECT_FALSE(same_origin("https://api.box.com", "https://api.box.com:8443"));
  EXPECT_FALSE(same_origin("https://api.box.com", "https://api.box.com.evil.example"));
  EXPECT_FALSE(same_origin("rubbish", "rubbish"));
}

TEST(Origin, ShowsNeitherQueryNorUser) {
  EXPECT_EQ(origin_of("https://user:word@api.box.com/path?access_token=token-one"),
            "https://api.box.com:443");
  EXPECT_EQ(origin_of("no url"), "an unreadable URL");
}

TEST(Location, IsResolvedAgainstWhatRedirected) {
  const std::string base = "https://api.box.com/2.0/files/1/content?x=y";

  EXPECT_EQ(*resolve_location(base, "https://dl.boxcloud.com/d/1?sig=2"),
            "https://dl.boxcloud.com/d/1?sig=2");
  EXPECT_EQ(*resolve_location(base, "/elsewhere"), "https://api.box.com/elsewhere");
  EXPECT_EQ(*resolve_location(base, "thumbnail"), "https://api.box.com/2.0/files/1/thumbnail");
  EXPECT_EQ(*resolve_location(base, "//dl.box.com/x"), "https://dl.box.com/x");
  EXPECT_EQ(*resolve_location(base, "/a#part"), "https://api.box.com/a");
}

// Rules S4, S5
TEST(Location, NeverLeadsFromHttpsToPlainHttp) {
  for (const auto* const location : {"http://api.box.com/x", "http://127.0.0.1/x"}) {
    const auto resolved = resolve_location("https://api.box.com/", location);

    ASSERT_FALSE(resolved) << location;
    EXPECT_EQ(resolved.error().code, Errc::denied_by_policy) << location;
  }
  EXPECT_EQ(resolve_location("http://127.0.0.1/", "http://api.box.com/x").error().code,
            Errc::denied_by_policy);
}

TEST(Location, IsRefusedWhenItIsNoUsableUrl) {
  for (const std::string& location :
       {std::string(), std::string("ftp://api.box.com/x"), std::string("https://u:p@api.box.com/"),
        std::string("https://a b/"), std::string("https://h/") + std::string(9000, 'x'),
        std::string("javascript:alert(1)")}) {
    const auto resolved = resolve_location("https://api.box.com/", location);

    ASSERT_FALSE(resolved) << location;
    EXPECT_EQ(resolved.error().code, Errc::malformed_response) << location;
  }
}

}  // namespace
}  // namespace valetkey::http
