// SPDX-License-Identifier: Apache-2.0
#include "cache/server_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "valetkey/log.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ServerHealthTest : public testing::Test {
 protected:
  ServerHealthTest() {
    set_log(LogLevel::info, [this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~ServerHealthTest() override { set_log(LogLevel::off, {}); }

  bool may_ask() { return health_.may_ask(clock_.now()); }
  void fail(std::string context = "cannot connect") {
    health_.failed({.code = Errc::unreachable, .context = std::move(context)}, clock_.now());
  }

  std::vector<std::string> lines_;
  support::FakeClock clock_;
  ServerHealth health_{"memcached host:1"};
};

TEST_F(ServerHealthTest, LetsEveryoneAskAServerThatIsWell) {
  EXPECT_TRUE(may_ask());
  EXPECT_TRUE(may_ask());
  health_.answered();

  EXPECT_TRUE(may_ask());
  EXPECT_TRUE(lines_.empty());
}

// Rule C8
TEST_F(ServerHealthTest, LeavesAServerAloneAfterAFailureAndSaysWhy) {
  fail("cannot connect: refused");

  EXPECT_FALSE(may_ask());
  EXPECT_EQ(health_.away().code, Errc::unreachable);
  EXPECT_EQ(health_.away().context, "cannot connect: refused");
  clock_.advance(249ms);
  EXPECT_FALSE(may_ask());
  clock_.advance(1ms);
  EXPECT_TRUE(may_ask());
}

TEST_F(ServerHealthTest, LetsOneFindOutWhileTheOthersAreToldNo) {
  fail();
  clock_.advance(250ms);

  EXPECT_TRUE(may_ask());
  EXPECT_FALSE(may_ask());
  health_.answered();

  EXPECT_TRUE(may_ask());
  EXPECT_TRUE(may_ask());
}

// Rule C8
TEST_F(ServerHealthTest, AsksEverMoreSeldomUpToOnceASecond) {
  for (const auto pause : {250ms, 500ms, 1000ms, 1000ms, 1000ms}) {
    fail();
    clock_.advance(pause - 1ms);
    EXPECT_FALSE(may_ask()) << pause.count();
    clock_.advance(1ms);
    EXPECT_TRUE(may_ask()) << pause.count();
  }
}

TEST_F(ServerHealthTest, CountsManyFailuresAtOnceAsOne) {
  for (int each = 0; each < 100; ++each)
    fail();

  clock_.advance(250ms);

  EXPECT_TRUE(may_ask());
}

TEST_F(ServerHealthTest, LetsSomebodyElseFindOutWhenTheFirstNeverReports) {
  fail();
  clock_.advance(250ms);
  EXPECT_TRUE(may_ask());

  clock_.advance(250ms);

  EXPECT_TRUE(may_ask());
}

TEST_F(ServerHealthTest, StartsAfreshOnceTheServerHasAnswered) {
  for (int each = 0; each < 5; ++each) {
    fail();
    clock_.advance(5s);
    EXPECT_TRUE(may_ask());
  }
  health_.answered();

  fail();
  clock_.advance(250ms);

  EXPECT_TRUE(may_ask());
}

// Rule C8
TEST_F(ServerHealthTest, WarnsOnceAndSaysOnceThatTheServerIsBack) {
  for (int each = 0; each < 5; ++each) {
    fail();
    clock_.advance(5s);
    EXPECT_TRUE(may_ask());
  }
  health_.answered();
  health_.answered();

  EXPECT_THAT(lines_, ElementsAre(HasSubstr("cannot connect; each process fetches its own"),
                                  "memcached host:1 is back"));
}

}  // namespace
}  // namespace valetkey::cache
