// SPDX-License-Identifier: Apache-2.0
// The page where a person consents, and the redirects that follow or must not.
#include "emulated.h"
#include "emulator/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string query(const Emulated& box, const std::string& more = {}) {
  return "response_type=code&client_id=" + box.facts().client_id + more;
}

Answer decide(const Emulated& box, const std::string& more) {
  return box.post_form("/api/oauth2/authorize", query(box, more));
}

/// A parameter of the address that the answer redirects to.
std::string redirected(const Answer& answer, std::string_view name) {
  const auto location = answer.header("Location");
  const auto question = location.find('?');
  if (question == std::string::npos) return {};
  return decode_form(std::string_view(location).substr(question + 1))->find(name).value_or("");
}

TEST(Authorize, ShowsAPageWithAForm) {
  const Emulated box;
  for (const std::string path : {"/api/oauth2/authorize?", "/oauth2/authorize?"}) {
    const auto page = ask(box.url(), "GET", path + query(box, "&state=a%22%3Cb%3E"));

    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.header("Content-Type"), StartsWith("text/html"));
    EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(page.body, HasSubstr("<form"));
    EXPECT_THAT(page.body, HasSubstr("value=\"a&quot;&lt;b&gt;\""));
    EXPECT_THAT(page.body, HasSubstr(box.facts().user_ids[0]));
    EXPECT_THAT(page.body, Not(HasSubstr(box.facts().service_account_id)));
  }
}

TEST(Authorize, GrantRedirectsWithACodeAndTheState) {
  const Emulated box;
  const auto answer =
      decide(box, "&state=s%20%26t&decision=grant&user_id=" + box.facts().user_ids[1]);

  const auto token = box.post_form("/oauth2/token", "grant_type=authorization_code&code=" +
                                                        redirected(answer, "code") + box.client());

  EXPECT_EQ(answer.status, 302);
  EXPECT_THAT(answer.header("Location"), StartsWith(box.facts().redirect_uri + "?code="));
  EXPECT_EQ(redirected(answer, "state"), "s &t");
  EXPECT_EQ(box.get("/2.0/users/me", token.text("access_token")).text("id"),
            box.facts().user_ids[1]);
}

TEST(Authorize, TakesALoginAsBoxsOwnMockDoes) {
  const Emulated box;

  const auto answer = decide(box, "&login=ben%40enterprise.example");
  const auto nobody = decide(box, "&login=nobody%40enterprise.example");

  EXPECT_FALSE(redirected(answer, "code").empty());
  EXPECT_EQ(nobody.status, 400);
}

TEST(Authorize, DenialRedirectsWithAnError) {
  const Emulated box;

  const auto answer = decide(box, "&state=xyz&decision=deny");

  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(redirected(answer, "error"), "access_denied");
  EXPECT_EQ(redirected(answer, "state"), "xyz");
  EXPECT_EQ(redirected(answer, "code"), "");
}

TEST(Authorize, NeverRedirectsToAnAddressThatIsNotTheApps) {
  const Emulated box;
  for (const std::string uri :
       {"https://evil.example/callback", "http://127.0.0.1:8080/other",
        "http://127.0.0.1:8080/callback?x=1", "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:80@evil.example/callback", "http://localhost:8080/callback",
        "https://127.0.0.1:8080/callback", "http://127.0.0.1:/callback"}) {
    for (const auto& answer :
         {ask(box.url(), "GET",
              "/api/oauth2/authorize?" + query(box, "&redirect_uri=" + percent_encode(uri))),
          decide(box, "&decision=deny&redirect_uri=" + percent_encode(uri))}) {
      EXPECT_EQ(answer.status, 400) << uri;
      EXPECT_EQ(answer.header("Location"), "") << uri;
      EXPECT_THAT(answer.body, HasSubstr("redirect_uri_mismatch")) << uri;
    }
  }
}

TEST(Authorize, ALoopbackAddressMatchesOnAnyPort) {
  const Emulated box;

  const auto answer = decide(box, "&redirect_uri=http%3A%2F%2F127.0.0.1%3A54321%2Fcallback");

  EXPECT_THAT(answer.header("Location"), StartsWith("http://127.0.0.1:54321/callback?code="));
}

TEST(Authorize, RefusesUnknownClientsAndResponseTypes) {
  const Emulated box;

  EXPECT_EQ(ask(box.url(), "GET", "/api/oauth2/authorize?response_type=code&client_id=x").status,
            400);
  EXPECT_EQ(ask(box.url(), "GET",
                "/api/oauth2/authorize?response_type=token&client_id=" + box.facts().client_id)
                .status,
            400);
  EXPECT_EQ(decide(box, "&state=a&state=b").status, 400);
}

TEST(Authorize, CodeKeepsToItsRedirectAddress) {
  const Emulated box;
  const auto redeem = [&](const std::string& uri) {
    const auto code = redirected(decide(box, ""), "code");
    return box.post_form("/oauth2/token", "grant_type=authorization_code&code=" + code +
                                              box.client() + "&redirect_uri=" + uri);
  };

  EXPECT_EQ(redeem(box.facts().redirect_uri).status, 200);
  EXPECT_EQ(redeem("http://127.0.0.1:9/callback").status, 400);
}

TEST(Authorize, ScopeNarrowsTheSignIn) {
  const Emulated box;
  const auto code = redirected(decide(box, "&scope=root_readonly"), "code");
  const auto token =
      box.post_form("/oauth2/token", "grant_type=authorization_code&code=" + code + box.client());

  const auto file = "/2.0/files/" + box.facts().root_file_ids[0];
  EXPECT_EQ(box.get(file, token.text("access_token")).status, 200);
  EXPECT_EQ(box.call("DELETE", file, token.text("access_token")).status, 403);
  EXPECT_EQ(decide(box, "&scope=item_fly").status, 400);
}

}  // namespace
}  // namespace valetkey::emulator::test
