// SPDX-License-Identifier: Apache-2.0
// What every store on a server does when the server does not do its part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "contract/store_kinds.h"
#include "support/chaos_proxy.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using support::ChaosProxy;
using support::RealServer;
using testing::AnyOf;
using testing::HasSubstr;

class BrokenServerContract : public testing::TestWithParam<ServerKind> {
 protected:
  std::shared_ptr<SharedStore> open(std::uint16_t port) const {
    return GetParam().open(port, tools_.clock);
  }
  /// Reads, writes and asks the time, each of which must fail with one of these; tries again while
  /// a broken server is left alone, as long as it takes for every kind of question to have met it.
  void expect_failures(SharedStore& store, const std::vector<Errc>& codes) const {
    const auto is_one = testing::AnyOfArray(codes);
    for (int round = 0; round < 4; ++round) {
      const auto found = store.get({{"name"}, {"other"}}, tools_.soon());
      EXPECT_EQ(found.size(), 2U);
      for (const auto& each : found) {
        ASSERT_FALSE(each);
        EXPECT_THAT(each.error().code, is_one) << describe(each.error());
        EXPECT_THAT(each.error().context, HasSubstr("127.0.0.1:"));
      }
      for (const std::string& version : {std::string(), std::string("17@42.1790000000")}) {
        const auto stored = store.put({"name"}, version, Secret("value"), 1min, tools_.soon());
        ASSERT_FALSE(stored);
        EXPECT_THAT(stored.error().code, is_one) << describe(stored.error());
      }
      const auto told = store.time(tools_.soon());
      ASSERT_FALSE(told);
      EXPECT_THAT(told.error().code, is_one) << describe(told.error());
    }
  }
  bool recovers(SharedStore& store) const {
    return tools_.eventually([&] {
      const auto found = tools_.get(store, {"name"});
      return found && store.time(tools_.soon());
    });
  }

  const StoreTools tools_;
};

// Rule C8
TEST_P(BrokenServerContract, IsUnreachableWhileNobodyListensAndThenRecovers) {
  RealServer server(GetParam().server);
  server.kill();
  const auto store = open(server.port());

  expect_failures(*store, {Errc::unreachable});
  server.restart();

  EXPECT_TRUE(recovers(*store));
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "value"));
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

// Rule C8
TEST_P(BrokenServerContract, OutlivesAServerThatDiesAndComesBackEmpty) {
  RealServer server(GetParam().server);
  const auto store = open(server.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "value"));
  const std::string seen = tools_.version(*store, {"name"});

  server.kill();
  expect_failures(*store, {Errc::unreachable});
  server.restart();

  EXPECT_TRUE(recovers(*store));
  EXPECT_EQ(tools_.text(*store, {"name"}), "nothing");
  const auto late = tools_.put(*store, {"name"}, seen, "late");
  EXPECT_TRUE(late && !*late);
}

// Rule C5
TEST_P(BrokenServerContract, RefusesAVersionFromBeforeARestart) {
  RealServer server(GetParam().server);
  const auto store = open(server.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "before"));
  const std::string seen = tools_.version(*store, {"name"});

  server.restart();

  EXPECT_TRUE(recovers(*store));
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "after"));
  const auto late = tools_.put(*store, {"name"}, seen, "late");
  EXPECT_TRUE(late && !*late);
  EXPECT_EQ(tools_.text(*store, {"name"}), "after");
}

// Rule C8
TEST_P(BrokenServerContract, DoesNotNoticeARestartBetweenTwoQuestions) {
  RealServer server(GetParam().server);
  const auto store = open(server.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "before"));

  server.restart();

  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "after"));
  EXPECT_EQ(tools_.text(*store, {"name"}), "after");
}

// Rule F1
TEST_P(BrokenServerContract, LeavesAStoppedServerAtTheDeadlineAndRecovers) {
  RealServer server(GetParam().server);
  const auto store = open(server.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "value"));

  server.stop();
  expect_failures(*store, {Errc::timed_out});
  const auto fresh = open(server.port());
  expect_failures(*fresh, {Errc::timed_out});
  server.resume();

  EXPECT_TRUE(recovers(*store));
  EXPECT_TRUE(recovers(*fresh));
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

// Rule F1
TEST_P(BrokenServerContract, LeavesAServerThatTricklesAtTheDeadline) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  const auto store = open(proxy.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", std::string(1000, 'v')));

  proxy.set_mode(ChaosProxy::Mode::trickle);
  // A caller in a hurry leaves sooner than the store would, and the server is not blamed for it.
  const auto hurried = store->get({{"name"}}, Deadline{tools_.clock->now() + 20ms});
  EXPECT_EQ(hurried.front().error().code, Errc::timed_out);
  const auto found = store->get({{"name"}}, tools_.soon());
  EXPECT_EQ(found.front().error().code, Errc::timed_out);
  proxy.set_mode(ChaosProxy::Mode::pass);

  EXPECT_TRUE(recovers(*store));
  EXPECT_EQ(tools_.text(*store, {"name"}).size(), 1000U);
}

// Rule F1
TEST_P(BrokenServerContract, LeavesASilentServerAtTheDeadline) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  proxy.set_mode(ChaosProxy::Mode::silent);
  const auto store = open(proxy.port());

  expect_failures(*store, {Errc::timed_out});
  proxy.set_mode(ChaosProxy::Mode::pass);

  EXPECT_TRUE(recovers(*store));
}

// Rule C8
TEST_P(BrokenServerContract, TakesRubbishForNoAnswer) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  proxy.set_mode(ChaosProxy::Mode::garbage);
  const auto store = open(proxy.port());

  expect_failures(*store, {Errc::malformed_response});
  proxy.set_mode(ChaosProxy::Mode::pass);

  EXPECT_TRUE(recovers(*store));
}

// Rule C8
TEST_P(BrokenServerContract, TakesRubbishInTheMiddleForNoAnswer) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  for (const std::string& rubbish :
       {std::string("\r\n"), std::string("END\r\n"), std::string("STORED\r\n"),
        std::string("VALUE other 0 3 7\r\nabc\r\nEND\r\n"),
        std::string("VALUE name 0 4000000000 7\r\nabc\r\n"),
        std::string("VALUE name 0 -1 7\r\nEND\r\n"), std::string("VALUE name 0 1 7\r\nabcEND\r\n"),
        std::string("+OK\r\n"), std::string(":1\r\n"), std::string("$-2\r\n"),
        std::string("*-7\r\n"), std::string("*1\r\n$1\r\nxx\r\n"), std::string("$999999999\r\nx"),
        std::string("*2147483647\r\n"), std::string(100'000, 'x'), std::string(1000, '\0')}) {
    const auto store = open(proxy.port());
    proxy.set_mode(ChaosProxy::Mode::pass);
    EXPECT_TRUE(tools_.get(*store, {"name"}));  // connected, and in the middle of a conversation
    proxy.set_rubbish(rubbish);

    proxy.set_mode(ChaosProxy::Mode::garbage);
    const auto found = tools_.get(*store, {"name"});
    const auto stored = tools_.put(*store, {"name"}, "", "value");
    const auto told = store->time(tools_.soon());

    // What is an answer by its form may be believed; what it must not do is harm.
    for (const auto code : {found ? Errc::unreachable : found.error().code,
                            stored ? Errc::unreachable : stored.error().code,
                            told ? Errc::unreachable : told.error().code})
      EXPECT_THAT(code, AnyOf(Errc::malformed_response, Errc::timed_out, Errc::unreachable));
    EXPECT_FALSE(found && *found);
    proxy.set_mode(ChaosProxy::Mode::pass);
    EXPECT_TRUE(recovers(*store));
  }
}

// Rule C8
TEST_P(BrokenServerContract, OutlivesAServerThatHangsUp) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  proxy.set_mode(ChaosProxy::Mode::close);
  const auto store = open(proxy.port());

  expect_failures(*store, {Errc::unreachable});
  proxy.set_mode(ChaosProxy::Mode::pass);

  EXPECT_TRUE(recovers(*store));
}

// Rule C8
TEST_P(BrokenServerContract, OutlivesConnectionsThatAreCut) {
  const RealServer server(GetParam().server);
  ChaosProxy proxy(server.port());
  const auto store = open(proxy.port());
  EXPECT_TRUE(tools_.put(*store, {"name"}, "", "value"));

  for (int round = 0; round < 20; ++round) {
    proxy.cut();
    EXPECT_TRUE(recovers(*store));
  }

  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

// Rule C8
TEST_P(BrokenServerContract, ServesManyThreadsWhileTheServerComesAndGoes) {
  RealServer server(GetParam().server);
  const auto store = open(server.port());
  std::atomic<bool> ending{false};
  std::atomic<int> wrong{0};

  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      const StoredName name{"of-" + std::to_string(thread)};
      const std::string value = "value-" + std::to_string(thread);
      while (!ending) {
        static_cast<void>(tools_.put(*store, name, "", value));
        const auto text = tools_.text(*store, name);
        if (text != value && text != "nothing" && !text.starts_with("error ")) ++wrong;
      }
    });
  }
  for (int round = 0; round < 5; ++round) {
    server.restart();
    EXPECT_TRUE(recovers(*store));
    server.flush();
  }
  ending = true;
  threads.clear();

  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(recovers(*store));
}

INSTANTIATE_TEST_SUITE_P(Kinds, BrokenServerContract, testing::ValuesIn(server_kinds()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace valetkey::contract
