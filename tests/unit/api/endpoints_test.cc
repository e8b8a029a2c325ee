// SPDX-License-Identifier: Apache-2.0
// Metadata: asked for once, again when the server stumbles, and anew every day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/client_world.h"
#include "support/test_token.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::token_body;
using testing::HasSubstr;

using Answer = support::ScriptedTransport::Answer;
constexpr auto made = [](int status, const std::string& body) {
  return support::ScriptedTransport::made(status, body);
};

/// A provider that is known by its issuer alone. `metadata` answers for its document.
struct PlainWorld : support::ClientWorld {
  PlainWorld() {
    ProviderConfig plain;
    plain.name = "plain";
    plain.type = "oauth2";
    plain.issuer = "https://login.example";
    plain.grant = "client_credentials";
    plain.client_id = "client-id";
    plain.client_secret = config.providers[0].client_secret;
    config.providers = {plain};
    transport->otherwise([this](const support::SentRequest& request) -> Result<HttpResponse> {
      if (request.method == "POST") return made(200, token_body("of " + request.url))(request);
      ++asked;
      return metadata(request);
    });
  }
  std::string ask(Client& client, std::chrono::seconds time = 10s) {
    const auto token =
        support::with_time_running(*clock, 2, 100ms, [&] { return client.token({}, in(time)); });
    return token ? support::text_of(*token) : describe(token.error());
  }

  static Answer document(const std::string& endpoint) {
    return made(200, R"({"issuer":"https://login.example","token_endpoint":")" + endpoint + "\"}");
  }
  Answer metadata = document("https://login.example/token");
  std::atomic<unsigned> asked{0};
};

// Rule U4
TEST(Endpoints, AreAskedForAgainWhenTheServerStumbles) {
  for (const auto& stumble :
       {made(503, ""), made(429, ""), Answer([](const auto&) -> Result<HttpResponse> {
          return fail(Errc::unreachable, "reset");
        }),
        Answer(
            [](const auto&) -> Result<HttpResponse> { return fail(Errc::timed_out, "hangs"); })}) {
    PlainWorld world;
    world.metadata = [&](const support::SentRequest& request) {
      return world.asked <= 2 ? stumble(request)
                              : PlainWorld::document("https://login.example/token")(request);
    };
    auto client = world.open();

    EXPECT_EQ(world.ask(client, 20s), "of https://login.example/token");
  }
}

// Rule F3
TEST(Endpoints, SayAtTheCallersDeadlineWhyTheyAreNotKnownYet) {
  PlainWorld world;
  world.metadata = made(503, "");
  auto client = world.open();

  EXPECT_THAT(world.ask(client, 2s), HasSubstr("503"));
}

// Rule F1
TEST(Endpoints, ThoseWhoWaitedShareAFailureInsteadOfAskingOneAfterAnother) {
  constexpr unsigned askers = 8;
  PlainWorld world;
  world.metadata = [&](const support::SentRequest& request) {
    // Each asker waits for its flight, and each flight but this one for the document.
    if (world.asked == 1) world.clock->await_waiters(2 * askers - 1);
    return made(404, "")(request);
  };
  auto client = world.open();

  std::vector<std::thread> threads;
  std::atomic<unsigned> refused{0};
  for (unsigned id = 1; id <= askers; ++id) {
    threads.emplace_back([&, id] {
      const auto token = client.token({.scopes = {"scope-" + std::to_string(id)}}, world.in(10s));
      if (!token && token.error().code == Errc::misconfigured) ++refused;
    });
  }
  for (auto& thread : threads)
    thread.join();

  EXPECT_EQ(refused, askers);
  EXPECT_EQ(world.asked, 2U);  // one at each of the document's two addresses
}

TEST(Endpoints, AreLookedUpAnewAfterADay) {
  PlainWorld world;
  auto client = world.open();
  EXPECT_EQ(world.ask(client), "of https://login.example/token");
  world.metadata = PlainWorld::document("https://login.example/moved");

  world.clock->advance(23h);
  EXPECT_EQ(world.ask(client), "of https://login.example/token");
  world.clock->advance(2h);
  EXPECT_EQ(world.ask(client), "of https://login.example/moved");

  EXPECT_EQ(world.asked, 2U);
}

TEST(Endpoints, ThatAreKnownAreUsedWhileTheirServerIsAway) {
  PlainWorld world;
  auto client = world.open();
  EXPECT_EQ(world.ask(client), "of https://login.example/token");
  world.metadata = made(503, "");

  world.clock->advance(25h);
  EXPECT_EQ(world.ask(client, 20s), "of https://login.example/token");
  const unsigned after_first = world.asked;
  world.clock->advance(61min);
  EXPECT_EQ(world.ask(client, 20s), "of https://login.example/token");

  EXPECT_GT(after_first, 1U);
  EXPECT_GT(world.asked, after_first);
}

}  // namespace
}  // namespace valetkey
