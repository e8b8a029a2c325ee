// SPDX-License-Identifier: Apache-2.0
// Each row of the failure table that one process can show, with the emulator's faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "support/emulated_world.h"
#include "support/wrong_wall_clock.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::call_with;
using support::EmulatedWorld;
using support::WrongWallClock;
using testing::HasSubstr;
using testing::Not;

/// The machine's clock, moved on by a suspend whenever a test says so.
class SuspendableClock final : public Clock {
 public:
  Instant now() const override { return real_->now() + slept_.load(); }
  WallTime wall_now() const override { return real_->wall_now() + slept_.load(); }
  void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
            Instant until) override {
    real_->wait(changed, lock, until - slept_.load());
  }
  void suspend(std::chrono::seconds by) { slept_ = slept_.load() + by; }

 private:
  const std::shared_ptr<Clock> real_ = make_system_clock();
  std::atomic<std::chrono::nanoseconds> slept_{std::chrono::nanoseconds::zero()};
};

std::string code_of(const Result<AccessToken>& token) {
  return token ? "token" : std::string(name_of(token.error().code));
}

// Failure table: provider 5xx / 429 / timeout / reset, token fresh or stale
TEST(FailureTable, AHeldTokenIsServedThroughEveryKindOfOutage) {
  for (const auto* const action :
       {R"({"status":503})", R"({"status":500,"body":"<html>"})",
        R"({"status":429,"headers":{"Retry-After":"1"}})", R"({"close":"before"})",
        R"({"close":"after"})", R"({"delay_ms":60000})"}) {
    SCOPED_TRACE(action);
    EmulatedWorld world({.token_life = 3600s});
    auto clock = std::make_shared<SuspendableClock>();
    auto client = world.open("valetkey.toml", {.clock = clock});
    const auto first = client.token({}, Deadline{clock->now() + 20s});
    ASSERT_TRUE(first);
    world.fault(action, 100);
    clock->suspend(55min);

    const auto held = client.token({}, Deadline{clock->now() + 20s});

    ASSERT_TRUE(held) << describe(held.error());
    EXPECT_EQ(held->fingerprint(), first->fingerprint());
  }
}

// Rule U4
// Failure table: the same, nothing held
TEST(FailureTable, AShortOutageCostsTimeAndNoError) {
  for (const auto* const action : {R"({"status":503})", R"({"close":"before"})",
                                   R"({"close":"after"})", R"({"truncate":20})"}) {
    SCOPED_TRACE(action);
    EmulatedWorld world;
    auto client = world.open();
    world.fault(action, 2);

    EXPECT_EQ(code_of(client.token({}, deadline_in(20s))), "token");
  }
}

// Failure table: the same, nothing held
TEST(FailureTable, ALongOutageIsUnreachableAtTheCallersOwnDeadlineAndSaysWhy) {
  EmulatedWorld world;
  auto client = world.open();
  world.fault(R"({"status":503})", 1000);

  const auto token = client.token({}, deadline_in(1s));

  EXPECT_EQ(code_of(token), "unreachable");
  EXPECT_THAT(token.error().context, HasSubstr("503"));
}

TEST(FailureTable, AServerThatIsNotThereIsUnreachable) {
  EmulatedWorld world;
  auto client = world.open();
  world.emulator.reset();

  const auto token = client.token({}, deadline_in(1s));

  EXPECT_EQ(code_of(token), "unreachable");
  EXPECT_FALSE(token.error().context.empty());
}

// Rules F2, F3
// Failure table: provider answers rubbish, 10 MB, or a token without `expires_in`
TEST(FailureTable, RubbishIsAMalformedResponseAndIsNeitherKeptNorRepeated) {
  const std::string marker = "marker-of-the-body";
  const std::vector<std::string> actions = {
      R"({"malformed":true})",
      R"({"huge":10485760})",
      R"({"status":200,"headers":{"Content-Type":"application/json"},"body":"{\"access_token\":\")" +
          marker + R"(\"}"})",
      R"({"status":200,"headers":{"Content-Type":"text/html"},"body":"<html>)" + marker + R"("})",
      R"({"status":200,"headers":{"Content-Type":"application/json"},"body":"[]"})",
      R"({"status":200,"headers":{"Content-Type":"application/json"},"body":""})"};
  for (const auto& action : actions) {
    SCOPED_TRACE(action);
    EmulatedWorld world;
    world.http_timeout = 1s;
    auto client = world.open();
    world.fault(action, 100);

    const auto token = client.token({}, deadline_in(10s));

    EXPECT_EQ(code_of(token), "malformed_response");
    EXPECT_THAT(describe(token.error()), Not(HasSubstr(marker)));
    EXPECT_TRUE(client.status().tokens.empty());
  }
}

// Failure table: provider answers rubbish, 10 MB, or a token without `expires_in`
TEST(FailureTable, ATokenOfUnknownEndIsUsedOnceAndNotCached) {
  EmulatedWorld world;
  auto client = world.open();
  world.fault(R"({"status":200,"headers":{"Content-Type":"application/json"},)"
              R"("body":"{\"access_token\":\"endless-token\",\"token_type\":\"bearer\"}"})",
              2);

  EXPECT_EQ(code_of(client.token({}, deadline_in(10s))), "token");
  EXPECT_TRUE(client.status().tokens.empty());
  EXPECT_EQ(code_of(client.token({}, deadline_in(10s))), "token");
  EXPECT_EQ(client.status().counters.token_requests, 2U);
}

// Rule C9
// Failure table: wrong secret
TEST(FailureTable, AWrongSecretIsAskedOnce) {
  for (const auto* const file : {"valetkey.toml", "valetkey-jwt.toml"}) {
    SCOPED_TRACE(file);
    EmulatedWorld world;
    auto config = load_config(world.directory.path() + "/" + file);
    ASSERT_TRUE(config);
    auto& provider = config->providers[0];
    if (provider.grant == "jwt") {
      // The app's file with another secret in it: a key that is right and a secret that is not.
      std::ifstream from(world.directory.path() + "/box-app.json");
      std::string text((std::istreambuf_iterator<char>(from)), std::istreambuf_iterator<char>());
      auto settings = boost::json::parse(text);
      settings.at("boxAppSettings").at("clientSecret") = "not-the-secret";
      world.directory.write("box-app.json", boost::json::serialize(settings));
    } else {
      provider.client_secret = {"file:" + world.directory.write("wrong", "not-the-secret")};
    }
    auto client = Client::make(std::move(*config));
    ASSERT_TRUE(client) << client.error().context;

    for (int call = 0; call < 20; ++call) {
      EXPECT_EQ(code_of(client->token({}, deadline_in(10s))), "invalid_client");
    }

    EXPECT_EQ(client->status().counters.token_requests, 1U);
  }
}

// Rule U3
// Failure table: clock 5 minutes off, either way
TEST(FailureTable, AClockFiveMinutesOffWorksAfterOneCorrectedRetry) {
  for (const auto off : {-300s, 300s}) {
    EmulatedWorld world;
    auto client = world.open("valetkey-jwt.toml", {.clock = std::make_shared<WrongWallClock>(off)});

    EXPECT_EQ(code_of(client.token({}, deadline_in(10s))), "token");
    EXPECT_EQ(client.status().counters.token_requests, 2U);
    const auto& user_id = world.emulator->facts().user_ids[0];
    EXPECT_EQ(code_of(client.token({.subject = user(user_id)}, deadline_in(10s))), "token");
    EXPECT_EQ(client.status().counters.token_requests, 3U);  // the offset is remembered
  }
}

// Rule U3
TEST(FailureTable, EveryAttemptAtAJwtGrantHasItsOwnJti) {
  EmulatedWorld world;
  auto client = world.open("valetkey-jwt.toml");
  world.fault(R"({"close":"after"})", 3);  // each of these has used its jti up

  EXPECT_EQ(code_of(client.token({}, deadline_in(20s))), "token");
}

// Rules U1, U2
// Failure table: user disabled (permanent 401)
TEST(FailureTable, ADisabledUserCausesOneForcedRefreshAndNoStorm) {
  EmulatedWorld world;
  auto client = world.open();
  const auto& id = world.emulator->facts().user_ids[0];
  ASSERT_TRUE(world.emulator->disable_user(id));

  for (int call = 0; call < 30; ++call) {
    const auto response =
        client.call(call_with({.subject = user(id)}, "GET", "/2.0/users/me"), deadline_in(10s));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 401);
  }

  EXPECT_EQ(world.token_requests(), 2);
}

// Failure table: machine suspended over the expiry
TEST(FailureTable, ASuspendOverTheExpiryBringsANewToken) {
  EmulatedWorld world;
  auto clock = std::make_shared<SuspendableClock>();
  auto client = world.open("valetkey.toml", {.clock = clock});
  const auto before = client.token({}, Deadline{clock->now() + 10s});

  clock->suspend(8h);
  const auto after = client.token({}, Deadline{clock->now() + 10s});

  ASSERT_TRUE(before && after);
  EXPECT_NE(before->fingerprint(), after->fingerprint());
}

// Rule R4
TEST(FailureTable, ARevocationSurvivesAnOutageOfTheProvider) {
  EmulatedWorld world;
  auto client = world.open();
  const auto token = client.token({}, deadline_in(10s));
  ASSERT_TRUE(token);
  world.fault(R"({"status":503})", 1, "/oauth2/revoke");

  const auto report = client.revoke(*token, deadline_in(10s));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 1U);
  EXPECT_FALSE(world.lives(*token));
}

/// Leaves this process no more than a few file descriptors while it lives.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{3, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(FailureTable, RunningOutOfDescriptorsIsAnErrorThatSaysSoAndWhatRunsGoesOn) {
  EmulatedWorld world;
  auto client = world.open();
  auto newcomer = world.open();  // has no connection yet, and will get none
  ASSERT_TRUE(client.token({}, deadline_in(10s)));
  {
    const FewDescriptors few;

    const auto wanting = newcomer.token({}, deadline_in(1s));
    const auto held = client.token({}, deadline_in(1s));

    EXPECT_EQ(code_of(wanting), "exhausted");
    EXPECT_FALSE(wanting.error().hint.empty());
    EXPECT_TRUE(held);
  }
  EXPECT_EQ(code_of(newcomer.token({}, deadline_in(40s))), "token");
}

}  // namespace
}  // namespace valetkey
