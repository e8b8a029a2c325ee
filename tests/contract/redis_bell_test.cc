// SPDX-License-Identifier: Apache-2.0
// The bell on Redis: who hears it, when a ring has been heard, and what becomes of a lost line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cache/redis_bell.h"
#include "contract/store_kinds.h"
#include "support/chaos_proxy.h"
#include "support/real_server.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using Hearing = SharedBell::Hearing;
using support::ChaosProxy;
using support::RealServer;

const std::string channel = "vk:bell";

class RedisBell : public testing::Test {
 protected:
  /// What another process with the same configuration would hold.
  struct Listener {
    std::shared_ptr<SharedBell> bell;
    std::shared_ptr<std::atomic<int>> heard = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<std::atomic<bool>> can_look = std::make_shared<std::atomic<bool>>(true);
  };

  cache::RedisOptions options() const {
    return {.port = server_.port(), .clock = tools_.clock, .timeout = 5s};
  }
  Listener listener_with(cache::RedisOptions made,
                         std::vector<std::string> channels = {channel}) const {
    Listener listener{cache::make_redis_bell(std::move(made), std::move(channels))};
    listener.bell->listen([heard = listener.heard, can_look = listener.can_look] {
      ++*heard;
      return can_look->load();
    });
    return listener;
  }
  Listener make_listener() const {
    auto listener = listener_with(options());
    EXPECT_TRUE(becomes(*listener.bell, Hearing::listening));
    return listener;
  }
  /// Notices a silent server soon.
  cache::RedisOptions impatient(std::uint16_t port) const {
    auto made = options();
    made.port = port;
    made.timeout = 250ms;
    return made;
  }
  bool becomes(const SharedBell& bell, Hearing hearing) const {
    return tools_.eventually([&] { return bell.hearing() == hearing; });
  }

  const StoreTools tools_;
  RealServer server_{RealServer::Kind::redis};
};

MATCHER(IsTrue, "") {
  if (!arg) *result_listener << describe(arg.error());
  return arg && *arg;
}
MATCHER(IsFalse, "") {
  if (!arg) *result_listener << describe(arg.error());
  return arg && !*arg;
}

// Rule R3
TEST_F(RedisBell, IsHeardByEveryListenerOnceARingHasReturned) {
  std::vector<Listener> listeners;
  for (int number = 0; number < 8; ++number)
    listeners.push_back(make_listener());
  const auto ringer = cache::make_redis_bell(options(), {channel});

  for (int ring = 1; ring <= 20; ++ring) {
    EXPECT_THAT(ringer->ring(tools_.soon()), IsTrue());
    for (const auto& listener : listeners)
      EXPECT_EQ(*listener.heard, ring + 1);  // once for the connection
  }
}

TEST_F(RedisBell, IsHeardByWhoeverRings) {
  const auto listener = make_listener();

  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());

  EXPECT_EQ(*listener.heard, 2);
}

TEST_F(RedisBell, IsHeardOnASocketToo) {
  const RealServer on_socket(RealServer::Kind::redis, RealServer::Listens::unix_socket);
  auto made = options();
  made.unix_path = on_socket.socket_path();
  const auto listener = listener_with(std::move(made));
  ASSERT_TRUE(becomes(*listener.bell, Hearing::listening));

  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());

  EXPECT_EQ(*listener.heard, 2);
}

TEST_F(RedisBell, RingsForNobodyWhenNobodyListens) {
  EXPECT_THAT(cache::make_redis_bell(options(), {channel})->ring(tools_.soon()), IsTrue());
}

// Rule R3
TEST_F(RedisBell, HasRungOnlyWhenTheSlowestHasHeard) {
  const auto quick = make_listener();
  std::mutex mutex;
  std::condition_variable changed;
  bool is_held = false;
  std::atomic<int> has_heard{0};
  const auto slow = cache::make_redis_bell(options(), {channel});
  slow->listen([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !is_held; });
    ++has_heard;
    return true;
  });
  ASSERT_TRUE(becomes(*slow, Hearing::listening));
  {
    const std::lock_guard lock(mutex);
    is_held = true;
  }

  EXPECT_THAT(quick.bell->ring(Deadline{tools_.clock->now() + 300ms}), IsFalse());
  EXPECT_EQ(has_heard, 1);
  EXPECT_EQ(*quick.heard, 2);

  std::jthread releaser([&] {
    EXPECT_TRUE(tools_.eventually([&] { return *quick.heard == 3; }));
    const std::lock_guard lock(mutex);
    is_held = false;
    changed.notify_all();
  });
  EXPECT_THAT(quick.bell->ring(Deadline{tools_.clock->now() + 20s}), IsTrue());
  EXPECT_EQ(has_heard, 3);
  releaser.join();
  slow->stop();
}

// Rule R3
TEST_F(RedisBell, DoesNotSayThatItHasHeardWhatItCouldNotRead) {
  const auto ringer = make_listener();
  const auto blind = make_listener();
  *blind.can_look = false;

  EXPECT_THAT(ringer.bell->ring(Deadline{tools_.clock->now() + 300ms}), IsFalse());
  EXPECT_TRUE(becomes(*blind.bell, Hearing::deaf));
  EXPECT_TRUE(tools_.eventually([&] { return *blind.heard >= 6; }));  // it tries again and again
  EXPECT_EQ(blind.bell->hearing(), Hearing::deaf);

  *blind.can_look = true;
  EXPECT_TRUE(becomes(*blind.bell, Hearing::listening));
  EXPECT_THAT(ringer.bell->ring(tools_.soon()), IsTrue());
}

// Rule R3
TEST_F(RedisBell, IsDeafUntilWhatItMayHaveMissedHasBeenRead) {
  Listener blind{cache::make_redis_bell(options(), {channel})};
  *blind.can_look = false;
  blind.bell->listen([&] {
    ++*blind.heard;
    return blind.can_look->load();
  });

  EXPECT_TRUE(tools_.eventually([&] { return *blind.heard >= 3; }));
  EXPECT_EQ(blind.bell->hearing(), Hearing::deaf);
  *blind.can_look = true;

  EXPECT_TRUE(becomes(*blind.bell, Hearing::listening));
  blind.bell->stop();
}

// Rule R3: while the sealing keys of a fleet are replaced.
TEST_F(RedisBell, IsHeardByWhoeverHasAChannelInCommon) {
  const std::string old_one = "vk:bell:old";
  const std::string new_one = "vk:bell:new";
  const std::vector<std::vector<std::string>> lists{
      {old_one}, {old_one, new_one}, {new_one, old_one}, {new_one}};
  std::vector<Listener> listeners;
  for (const auto& list : lists) {
    listeners.push_back(listener_with(options(), list));
    ASSERT_TRUE(becomes(*listeners.back().bell, Hearing::listening));
  }

  for (std::size_t ringer = 0; ringer < lists.size(); ++ringer) {
    std::vector<int> before;
    for (const auto& listener : listeners)
      before.push_back(*listener.heard);
    EXPECT_THAT(listeners[ringer].bell->ring(tools_.soon()), IsTrue());
    for (std::size_t each = 0; each < lists.size(); ++each) {
      const auto in_common = std::ranges::count_if(lists[ringer], [&](const auto& one) {
        return std::ranges::find(lists[each], one) != lists[each].end();
      });
      EXPECT_EQ(*listeners[each].heard - before[each], in_common) << ringer << " " << each;
    }
  }
}

// Rule R3
TEST_F(RedisBell, HasRungOnlyWhenEachOfItsChannelsHasBeenHeard) {
  const auto first = listener_with(options(), {"vk:bell:1"});
  const auto second = listener_with(options(), {"vk:bell:2"});
  const auto ringer = cache::make_redis_bell(options(), {"vk:bell:1", "vk:bell:2"});
  ASSERT_TRUE(becomes(*first.bell, Hearing::listening));
  ASSERT_TRUE(becomes(*second.bell, Hearing::listening));
  EXPECT_THAT(ringer->ring(tools_.soon()), IsTrue());

  *second.can_look = false;

  EXPECT_THAT(ringer->ring(Deadline{tools_.clock->now() + 300ms}), IsFalse());
  EXPECT_EQ(*first.heard, 3);
}

// Rule R3
TEST_F(RedisBell, SaysThatNotEveryoneHasHeardWhenAStrangerListens) {
  const auto listener = make_listener();
  const auto stranger = support::connect_to(server_.port());
  const std::string subscribe = "SUBSCRIBE " + channel + "\r\n";
  ASSERT_GT(::write(stranger.get(), subscribe.data(), subscribe.size()), 0);
  ASSERT_TRUE(tools_.eventually(
      [&] { return server_.ask("PUBSUB NUMSUB " + channel + "\r\n").ends_with(":2\r\n"); }));

  EXPECT_THAT(listener.bell->ring(Deadline{tools_.clock->now() + 300ms}), IsFalse());

  EXPECT_EQ(*listener.heard, 2);
}

TEST_F(RedisBell, IsRungByAStrangersMessage) {
  const auto listener = make_listener();

  for (const std::string message : {"x", "\"\"", "0123456789abcdef0123456789ABCDEF"})
    EXPECT_EQ(server_.ask("PUBLISH " + channel + " " + message + "\r\n"), ":1\r\n");

  EXPECT_TRUE(tools_.eventually([&] { return *listener.heard == 4; }));
  EXPECT_EQ(server_.ask("DBSIZE\r\n"), ":0\r\n");  // nothing to be acknowledged
}

TEST_F(RedisBell, LeavesNothingBehindForEver) {
  const auto listener = make_listener();

  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());

  EXPECT_EQ(server_.ask("DBSIZE\r\n"), ":1\r\n");
  EXPECT_THAT(server_.ask("INFO keyspace\r\n"), testing::HasSubstr("keys=1,expires=1"));
}

TEST_F(RedisBell, RingsInItsOwnDatabase) {
  auto in_one = options();
  in_one.database = 1;
  auto in_two = options();
  in_two.database = 2;
  const auto one = listener_with(std::move(in_one));
  const auto two = listener_with(std::move(in_two));
  ASSERT_TRUE(becomes(*one.bell, Hearing::listening));
  ASSERT_TRUE(becomes(*two.bell, Hearing::listening));

  EXPECT_THAT(one.bell->ring(tools_.soon()), IsTrue());

  EXPECT_EQ(*one.heard, 2);
  EXPECT_EQ(*two.heard, 1);
}

// Rule R3
TEST_F(RedisBell, ListensAgainAndLooksOnceWhenItsLineWasCut) {
  const auto listener = make_listener();

  EXPECT_EQ(server_.ask("CLIENT KILL TYPE pubsub\r\n"), ":1\r\n");

  EXPECT_TRUE(tools_.eventually([&] { return *listener.heard == 2; }));
  EXPECT_TRUE(becomes(*listener.bell, Hearing::listening));
  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());
  EXPECT_EQ(*listener.heard, 3);
}

// Rule C8
TEST_F(RedisBell, IsDeafWhileTheServerIsAwayAndListensWhenItIsBack) {
  const auto listener = make_listener();

  server_.kill();
  EXPECT_TRUE(becomes(*listener.bell, Hearing::deaf));
  EXPECT_EQ(listener.bell->ring(tools_.soon()).error().code, Errc::unreachable);
  server_.restart();

  EXPECT_TRUE(becomes(*listener.bell, Hearing::listening));
  EXPECT_GE(*listener.heard, 2);
  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());
}

// Rule C8
TEST_F(RedisBell, KnowsThatItIsDeafWhenTheServerSaysNothing) {
  const auto listener = listener_with(impatient(server_.port()));
  ASSERT_TRUE(becomes(*listener.bell, Hearing::listening));

  server_.stop();
  EXPECT_TRUE(becomes(*listener.bell, Hearing::deaf));
  EXPECT_EQ(listener.bell->ring(tools_.soon()).error().code, Errc::timed_out);
  server_.resume();

  EXPECT_TRUE(becomes(*listener.bell, Hearing::listening));
}

// Rule C8
TEST_F(RedisBell, KnowsThatItIsDeafWhenItsLineLeadsNowhere) {
  ChaosProxy proxy(server_.port());
  const auto listener = listener_with(impatient(proxy.port()));
  ASSERT_TRUE(becomes(*listener.bell, Hearing::listening));

  for (const auto mode : {ChaosProxy::Mode::silent, ChaosProxy::Mode::garbage,
                          ChaosProxy::Mode::close, ChaosProxy::Mode::trickle}) {
    proxy.set_mode(mode);
    EXPECT_TRUE(becomes(*listener.bell, Hearing::deaf));
    proxy.set_mode(ChaosProxy::Mode::pass);
    proxy.cut();
    EXPECT_TRUE(becomes(*listener.bell, Hearing::listening));
  }
}

TEST_F(RedisBell, StaysWithAServerThatHasNothingToSay) {
  ChaosProxy proxy(server_.port());
  const auto listener = listener_with(impatient(proxy.port()));
  ASSERT_TRUE(becomes(*listener.bell, Hearing::listening));
  const auto signs_of_life = [&] {
    const std::string said = proxy.said_to_server();
    int count = 0;
    for (auto at = said.find("PING"); at != std::string::npos; at = said.find("PING", at + 1))
      ++count;
    return count;
  };

  EXPECT_TRUE(tools_.eventually([&] { return signs_of_life() >= 3; }));

  EXPECT_EQ(listener.bell->hearing(), Hearing::listening);
  EXPECT_THAT(proxy.said_to_clients(), testing::HasSubstr("pong"));
}

TEST_F(RedisBell, IsUnavailableToAUserThatMayNotSubscribe) {
  server_.ask("ACL SETUSER mute on >opensesame ~* &* +@all -subscribe\r\n");
  server_.ask("ACL SETUSER elsewhere on >opensesame ~* resetchannels &other +@all\r\n");

  for (const std::string user : {"mute", "elsewhere"}) {
    auto made = options();
    made.user = user;
    made.password = Secret("opensesame");
    const auto listener = listener_with(std::move(made));

    EXPECT_TRUE(becomes(*listener.bell, Hearing::unavailable)) << user;
    EXPECT_EQ(*listener.heard, 0);
  }
}

/// Within its life no further descriptor is to be had.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(RedisBell, IsUnavailableWhereNoDescriptorIsToBeHad) {
  std::shared_ptr<SharedBell> bell;
  {
    const NoDescriptors none;
    bell = cache::make_redis_bell(options(), {channel});
  }

  bell->listen([] { return true; });

  EXPECT_EQ(bell->hearing(), Hearing::unavailable);
}

TEST_F(RedisBell, IsUnavailableWhereNoThreadIsToBeHad) {
  const auto bell = cache::make_redis_bell(options(), {channel});
  pthread_attr_t before{};
  pthread_attr_t huge{};
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 47), 0);  // nobody has as much

  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  bell->listen([] { return true; });
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);

  EXPECT_EQ(bell->hearing(), Hearing::unavailable);
  pthread_attr_destroy(&huge);
  pthread_attr_destroy(&before);
}

TEST_F(RedisBell, NeedsTheRightsItNamesAndNoOther) {
  server_.ask(
      "ACL SETUSER vk on >opensesame ~vk:* resetchannels &vk:* +subscribe +publish +ping +eval "
      "+sadd +scard +pexpire\r\n");
  auto made = options();
  made.user = "vk";
  made.password = Secret("opensesame");
  const auto listener = listener_with(std::move(made));
  ASSERT_TRUE(becomes(*listener.bell, Hearing::listening));

  EXPECT_THAT(listener.bell->ring(tools_.soon()), IsTrue());
}

TEST_F(RedisBell, SaysThatItMayNotRing) {
  server_.ask("ACL SETUSER vk on >opensesame ~* &* +@all -publish\r\n");
  auto made = options();
  made.user = "vk";
  made.password = Secret("opensesame");

  const auto rung = cache::make_redis_bell(std::move(made), {channel})->ring(tools_.soon());

  ASSERT_FALSE(rung);
  EXPECT_EQ(rung.error().code, Errc::access_denied);
  EXPECT_THAT(rung.error().hint, testing::HasSubstr("+publish"));
}

// Rule F1
TEST_F(RedisBell, StopsAtOnceWhateverItWaitsFor) {
  ChaosProxy silent(server_.port());
  silent.set_mode(ChaosProxy::Mode::silent);
  auto to_silent = options();
  to_silent.port = silent.port();
  to_silent.timeout = 1h;
  to_silent.database = 1;  // so that it waits for an answer while it connects
  auto to_nobody = options();
  to_nobody.port = support::free_port();
  const auto listening = make_listener();
  const auto waiting = listener_with(std::move(to_silent));
  const auto pausing = listener_with(std::move(to_nobody));
  EXPECT_TRUE(tools_.eventually([&] { return !silent.said_to_server().empty(); }));
  const Instant began = tools_.clock->now();

  listening.bell->stop();
  waiting.bell->stop();
  pausing.bell->stop();

  EXPECT_LT(tools_.clock->now() - began, 2s);
  EXPECT_EQ(listening.bell->hearing(), Hearing::deaf);
}

TEST_F(RedisBell, HearsNothingMoreOnceItHasStopped) {
  const auto ringer = make_listener();
  const auto stopped = make_listener();

  stopped.bell->stop();
  stopped.bell->stop();

  EXPECT_TRUE(tools_.eventually(
      [&] { return server_.ask("PUBSUB NUMSUB " + channel + "\r\n").ends_with(":1\r\n"); }));
  EXPECT_THAT(ringer.bell->ring(tools_.soon()), IsTrue());
  EXPECT_EQ(*stopped.heard, 1);
}

}  // namespace
}  // namespace valetkey::contract
