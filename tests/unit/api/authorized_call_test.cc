// SPDX-License-Identifier: Apache-2.0
#include "api/authorized_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "support/client_world.h"
#include "valetkey/client.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::ClientWorld;
using support::token_body;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::vector<HttpHeader> invalid_token = {
    {"WWW-Authenticate",
     "Bearer realm=\"Service\", error=\"invalid_token\", error_description=\"The access token "
     "provided is invalid.\""}};
const std::vector<HttpHeader> insufficient_scope = {
    {"WWW-Authenticate", "Bearer realm=\"Service\", error=\"insufficient_scope\""}};

ApiCall call_of(std::string method, std::string target = "/2.0/users/me") {
  ApiCall call;
  call.method = std::move(method);
  call.target = std::move(target);
  return call;
}

int status_of(const Result<HttpResponse>& response) {
  EXPECT_TRUE(response) << (response ? "" : response.error().context);
  return response ? response->status : 0;
}

std::vector<std::string> names_of(const std::vector<HttpHeader>& headers) {
  std::vector<std::string> names;
  for (const auto& header : headers)
    names.push_back(header.name);
  return names;
}

// Rule U2
// Failure table: token revoked upstream behind our back
TEST(AuthorizedCall, RefreshesOnceAndRepeatsAfterA401ThatSaysTheTokenIsInvalid) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(401, "", invalid_token);
  world.transport->will_answer(200, token_body("two"));
  world.transport->will_answer(200, "{}");
  auto client = world.open();

  EXPECT_EQ(status_of(client.call(call_of("GET"), world.in(10s))), 200);

  const auto sent = world.transport->sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[1].authorization, "Bearer one");
  EXPECT_EQ(sent[3].authorization, "Bearer two");
  EXPECT_EQ(sent[3].url, "https://api.box.com/2.0/users/me");
}

// Rules U1, U2
// Failure table: user disabled (permanent 401)
TEST(AuthorizedCall, HandsOverASecond401AsItIsAndMakesNoStorm) {
  ClientWorld world;
  int number = 0;
  world.transport->otherwise([&](const support::SentRequest& request) {
    const bool is_token = request.url.find("/oauth2/token") != std::string::npos;
    return is_token ? support::ScriptedTransport::made(
                          200, token_body("t" + std::to_string(++number)))(request)
                    : support::ScriptedTransport::made(401, "", invalid_token)(request);
  });
  auto client = world.open();

  for (int call = 0; call < 100; ++call) {
    const auto response = client.call(call_of("GET"), world.in(10s));
    EXPECT_EQ(status_of(response), 401);
  }

  EXPECT_EQ(number, 2);  // the first token, and one forced refresh
}

// Rule U2
TEST(AuthorizedCall, NeverRefreshesAfterA403) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(403, "", insufficient_scope);
  auto client = world.open();

  EXPECT_EQ(status_of(client.call(call_of("DELETE"), world.in(10s))), 403);

  EXPECT_EQ(world.transport->sent().size(), 2U);
}

// Rule U2
TEST(AuthorizedCall, DoesNotRepeatABodyThatCannotBeSentAgain) {
  ClientWorld world;
  const std::string pipe = world.directory.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(401, "", invalid_token);
  auto client = world.open();
  auto call = call_of("POST", "/2.0/files/content");
  call.body_file = BodyFile{pipe};

  EXPECT_EQ(status_of(client.call(call, world.in(10s))), 401);

  EXPECT_EQ(world.transport->sent().size(), 2U);
}

// Rule U2
TEST(AuthorizedCall, SendsABodyAgainWhole) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(401, "", invalid_token);
  world.transport->will_answer(200, token_body("two"));
  world.transport->will_answer(201, "{}");
  auto client = world.open();
  auto call = call_of("POST", "/2.0/folders");
  call.body = Secret("{\"name\":\"x\"}");

  EXPECT_EQ(status_of(client.call(call, world.in(10s))), 201);

  EXPECT_EQ(world.transport->sent()[1].body, world.transport->sent()[3].body);
}

// Rule S5
TEST(AuthorizedCall, FollowsADownloadToAnotherOriginWithoutTheToken) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(302, "", {{"Location", "https://dl.boxcloud.com/d/1"}});
  world.transport->will_answer(302, "", {{"Location", "https://api.box.com/back"}});
  world.transport->will_answer(200, "content");
  auto client = world.open();

  EXPECT_EQ(status_of(client.call(call_of("GET", "/2.0/files/1/content"), world.in(10s))), 200);

  const auto sent = world.transport->sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[1].authorization, "Bearer one");
  EXPECT_EQ(sent[2].url, "https://dl.boxcloud.com/d/1");
  EXPECT_EQ(sent[2].authorization, "");
  EXPECT_EQ(sent[3].authorization, "");  // a stranger may not send the token back either
}

// Rule S5
TEST(AuthorizedCall, FollowsNoRedirectOfACallThatChangesSomething) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(307, "", {{"Location", "https://elsewhere.example/"}});
  auto client = world.open();

  EXPECT_EQ(status_of(client.call(call_of("POST"), world.in(10s))), 307);
}

// Rule S5
TEST(AuthorizedCall, SendsNoTokenToAHostThatIsNotTheProviders) {
  ClientWorld world;
  auto client = world.open();

  for (const auto* const target :
       {"https://elsewhere.example/2.0/users/me", "https://api.box.com.elsewhere.example/",
        "https://api.box.com:444/", "http://api.box.com/", "https://api.box.com@elsewhere.example/",
        "//elsewhere.example/", "elsewhere.example", "file:///etc/passwd", ""}) {
    world.transport->otherwise(200, token_body("one"));
    const auto response = client.call(call_of("GET", target), world.in(10s));
    if (std::string_view(target).starts_with("//")) {
      EXPECT_THAT(world.transport->sent().back().url, HasSubstr("https://api.box.com//"));
      continue;
    }
    EXPECT_FALSE(response) << target;
  }
}

// Rule U4
TEST(AuthorizedCall, BacksOffAfterA503OnlyWhereRepeatingIsHarmless) {
  for (const auto& [method, calls] : {std::pair{"GET", 2U}, {"PUT", 2U}, {"POST", 1U}}) {
    ClientWorld world;
    world.transport->will_answer(200, token_body("one"));
    world.transport->will_answer(503, "");
    world.transport->will_answer(200, "{}");
    auto client = world.open();
    ASSERT_TRUE(client.token({}, world.in(10s)));  // time stands still for it

    const auto response = support::with_time_running(
        *world.clock, 1, 100ms, [&] { return client.call(call_of(method), world.in(10s)); });

    EXPECT_EQ(status_of(response), calls == 2U ? 200 : 503) << method;
    EXPECT_EQ(world.transport->sent().size(), calls + 1U) << method;
  }
}

// Rule U4
TEST(AuthorizedCall, RepeatsEvenAPostAfterA429) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(429, "", {{"Retry-After", "3"}});
  world.transport->will_answer(201, "{}");
  auto client = world.open();
  ASSERT_TRUE(client.token({}, world.in(30s)));  // time stands still for it
  const Instant before = world.clock->now();

  const auto response = support::with_time_running(
      *world.clock, 1, 100ms, [&] { return client.call(call_of("POST"), world.in(30s)); });

  EXPECT_EQ(status_of(response), 201);
  EXPECT_GE(world.clock->now() - before, 3s);
}

// Rules U2, U4
TEST(AuthorizedCall, NeverRepeatsABodyFromAPipe) {
  for (const int status : {429, 503}) {
    ClientWorld world;
    const std::string pipe = world.directory.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    world.transport->will_answer(200, token_body("one"));
    world.transport->otherwise(status, "", {{"Retry-After", "0"}});
    auto client = world.open();
    auto call = call_of("PUT", "/2.0/files/content");
    call.body_file = BodyFile{pipe};
    ASSERT_TRUE(client.token({}, world.in(10s)));  // time stands still for it

    const auto response = support::with_time_running(
        *world.clock, 1, 100ms, [&] { return client.call(call, world.in(10s)); });

    EXPECT_EQ(status_of(response), status);
    EXPECT_EQ(world.transport->sent().size(), 2U) << status;
  }
}

// Rule S5
TEST(AuthorizedCall, ShowsAnotherOriginNothingOfTheCaller) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(302, "", {{"Location", "https://api.box.com/2.0/moved"}});
  world.transport->will_answer(302, "", {{"Location", "https://dl.boxcloud.com/d/1"}});
  world.transport->will_answer(302, "", {{"Location", "https://api.box.com/back"}});
  world.transport->will_answer(200, "content");
  auto client = world.open();
  auto call = call_of("GET", "/2.0/files/1/content");
  call.headers = {{"BoxApi", "shared_link=x&shared_link_password=open-sesame"},
                  {"Cookie", "a=b"},
                  {"accept", "*/*"},
                  {"Accept-Language", "de"},
                  {"Range", "bytes=0-9"}};
  call.body = Secret("for Box alone");

  EXPECT_EQ(status_of(client.call(call, world.in(10s))), 200);

  const auto sent = world.transport->sent();
  ASSERT_EQ(sent.size(), 5U);
  for (const std::size_t own : {1U, 2U}) {
    EXPECT_EQ(sent[own].headers.size(), 5U);
    EXPECT_EQ(sent[own].body, "for Box alone");
  }
  for (const std::size_t strange : {3U, 4U}) {
    EXPECT_THAT(names_of(sent[strange].headers), ElementsAre("accept", "Accept-Language", "Range"));
    EXPECT_EQ(sent[strange].body, "");
  }
}

// RFC 9110 §13.1.5: without its condition a part may be one of another content.
TEST(AuthorizedCall, AsksAnotherOriginForTheWholeWhereThePartHadACondition) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(302, "", {{"Location", "https://dl.boxcloud.com/d/1"}});
  world.transport->will_answer(200, "content");
  auto client = world.open();
  auto call = call_of("GET", "/2.0/files/1/content");
  call.headers = {{"Range", "bytes=5-"}, {"If-Range", "\"etag\""}};

  EXPECT_EQ(status_of(client.call(call, world.in(10s))), 200);

  EXPECT_THAT(world.transport->sent().back().headers, testing::IsEmpty());
}

// Rule S5
TEST(AuthorizedCall, RefusesHeadersThatAreNotTheCallersToSay) {
  ClientWorld world;
  auto client = world.open();
  for (const auto* const name :
       {"Authorization", "authorization", "HOST", "Content-Length", "Transfer-Encoding",
        "Connection", "Upgrade", "TE", "Proxy-Authorization", "proxy-connection"}) {
    auto call = call_of("GET");
    call.headers = {{"Accept", "*/*"}, {name, "open-sesame"}};

    const auto response = client.call(call, world.in(10s));

    ASSERT_FALSE(response) << name;
    EXPECT_EQ(response.error().code, Errc::invalid_argument) << name;
    EXPECT_THAT(response.error().context, HasSubstr(name));
    EXPECT_THAT(describe(response.error()), Not(HasSubstr("open-sesame")));
  }
  EXPECT_TRUE(world.transport->sent().empty());
}

// Rules U1, S5
TEST(AuthorizedCall, DropsNoTokenForA401OfAnotherOrigin) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->will_answer(302, "", {{"Location", "https://dl.boxcloud.com/d/1"}});
  world.transport->will_answer(401, "", invalid_token);
  auto client = world.open();

  EXPECT_EQ(status_of(client.call(call_of("GET", "/2.0/files/1/content"), world.in(10s))), 401);

  EXPECT_EQ(world.transport->sent().size(), 3U);
  EXPECT_TRUE(client.token({}, world.in(10s)));
  EXPECT_EQ(world.transport->sent().size(), 3U);  // the token is still held
}

// Rule F2
TEST(AuthorizedCall, RefusesAPathThatMakesNoUrl) {
  ClientWorld world;
  auto client = world.open();
  for (const std::string& target :
       {std::string("/2.0/users/me#part"), std::string("/2.0/users/me\r\nX: y"),
        std::string("/2.0/users me"), std::string("/2.0/users\0/me", 14)}) {
    const auto response = client.call(call_of("GET", target), world.in(10s));

    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().code, Errc::invalid_argument) << target;
    EXPECT_FALSE(response.error().hint.empty());
  }
  EXPECT_TRUE(world.transport->sent().empty());
}

// Rule V2
TEST(AuthorizedCall, TurnsTheEndOfADeveloperTokenIntoAClearError) {
  ClientWorld world;
  world.config.environment = Environment::development;
  world.config.providers[0].grant = "developer_token";
  world.config.providers[0].developer_token =
      "file:" + world.directory.write("developer.token", "dev-one");
  world.transport->will_answer(401, "", invalid_token);
  auto client = world.open();

  const auto response = client.call(call_of("GET"), world.in(10s));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::developer_token_ended);
  EXPECT_EQ(world.transport->sent().size(), 1U);
}

}  // namespace
}  // namespace valetkey
