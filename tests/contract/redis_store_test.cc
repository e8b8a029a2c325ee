// SPDX-License-Identifier: Apache-2.0
// What is particular to the store on Redis: who we are to it, what it refuses, lines that die.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "cache/redis_store.h"
#include "contract/store_kinds.h"
#include "support/chaos_proxy.h"
#include "support/real_server.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using support::ChaosProxy;
using support::RealServer;

class RedisStore : public testing::Test {
 protected:
  /// Patient, because the machine may be busy with other tests.
  cache::RedisOptions options(std::string user = {}, std::string_view password = {}) const {
    return {.port = server_.port(),
            .user = std::move(user),
            .password = Secret(password),
            .clock = tools_.clock,
            .timeout = 5s};
  }
  std::shared_ptr<SharedStore> open(std::string user = {}, std::string_view password = {}) const {
    return cache::make_redis_store(options(std::move(user), password));
  }
  std::shared_ptr<SharedStore> open_impatient() const {
    auto made = options();
    made.timeout = 100ms;
    return cache::make_redis_store(std::move(made));
  }
  Result<bool> put(SharedStore& store, const StoredName& name, std::string_view bytes,
                   const std::string& version = {}) const {
    return tools_.put(store, name, version, bytes);
  }
  Error error_of_get(SharedStore& store, const StoredName& name = {"name"}) const {
    const auto found = tools_.get(store, name);
    return found ? Error{.code = Errc::invalid_argument, .context = "no error at all"}
                 : found.error();
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

TEST_F(RedisStore, SignsInAsTheDefaultUser) {
  server_.ask("CONFIG SET requirepass opensesame\r\n");

  const auto store = open({}, "opensesame");

  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

TEST_F(RedisStore, SignsInAsAUserOfTheAccessControlListWithTheRightsItNames) {
  server_.ask("ACL SETUSER vk on >opensesame resetkeys ~* +get +set +eval +evalsha +time\r\n");

  const auto store = open("vk", "opensesame");

  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  EXPECT_THAT(put(*store, {"name"}, "other", tools_.version(*store, {"name"})), IsTrue());
  EXPECT_TRUE(store->time(tools_.soon()));
  EXPECT_EQ(tools_.text(*store, {"name"}), "other");
}

// Rule S3
TEST_F(RedisStore, SaysWhatToCheckWhenThePasswordIsWrongAndDoesNotRepeatIt) {
  server_.ask("CONFIG SET requirepass opensesame\r\n");

  for (const auto& store : {open({}, "hunter2hunter2"), open("nobody", "hunter2hunter2")}) {
    const Error error = error_of_get(*store);

    EXPECT_EQ(error.code, Errc::access_denied) << describe(error);
    EXPECT_THAT(error.hint, testing::HasSubstr("shared_password"));
    EXPECT_THAT(describe(error) + error.hint + error.server_text,
                testing::Not(testing::HasSubstr("hunter2")));
  }
}

TEST_F(RedisStore, SaysThatAPasswordIsMissing) {
  server_.ask("CONFIG SET requirepass opensesame\r\n");

  const Error error = error_of_get(*open());

  EXPECT_EQ(error.code, Errc::access_denied) << describe(error);
  EXPECT_THAT(error.hint, testing::HasSubstr("shared_password"));
}

TEST_F(RedisStore, SaysThatAPasswordIsNotWanted) {
  const Error error = error_of_get(*open({}, "hunter2hunter2"));

  EXPECT_EQ(error.code, Errc::access_denied) << describe(error);
  EXPECT_THAT(error.hint, testing::HasSubstr("remove `shared_password`"));
}

// Rule S3
TEST_F(RedisStore, DoesNotRepeatAPasswordThatTheServerRepeats) {
  const RealServer other(RealServer::Kind::redis, RealServer::Listens::port,
                         {"--rename-command", "AUTH", ""});
  auto made = options({}, "hunter2hunter2");
  made.port = other.port();

  const Error error = error_of_get(*cache::make_redis_store(std::move(made)));

  ASSERT_THAT(other.ask("AUTH hunter2hunter2\r\n"), testing::HasSubstr("hunter2"));
  EXPECT_EQ(error.code, Errc::malformed_response) << describe(error);
  EXPECT_THAT(describe(error) + error.hint + error.server_text,
              testing::Not(testing::HasSubstr("hunter2")));
}

TEST_F(RedisStore, NamesTheRightsThatAUserLacksAndServesWhatItMay) {
  server_.ask("ACL SETUSER vk on >opensesame ~* +get +set\r\n");
  const auto store = open("vk", "opensesame");
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());

  const auto denied = put(*store, {"name"}, "other", tools_.version(*store, {"name"}));

  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::access_denied);
  EXPECT_THAT(denied.error().hint, testing::HasSubstr("+evalsha"));
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

TEST_F(RedisStore, NamesTheRightsThatAScriptLacks) {
  server_.ask("ACL SETUSER vk on >opensesame ~* +get +eval +evalsha\r\n");
  EXPECT_THAT(put(*open(), {"name"}, "value"), IsTrue());
  const auto store = open("vk", "opensesame");

  const auto denied = put(*store, {"name"}, "other", tools_.version(*store, {"name"}));

  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::access_denied) << describe(denied.error());
}

TEST_F(RedisStore, AnswersTheNamesThatAUserMayReadBesideThoseItMayNot) {
  server_.ask("ACL SETUSER vk on >opensesame ~ours:* +get\r\n");
  EXPECT_THAT(put(*open(), {"ours:1"}, "value"), IsTrue());
  const auto store = open("vk", "opensesame");

  const auto found = store->get({{"theirs"}, {"ours:1"}, {"ours:2"}}, tools_.soon());

  ASSERT_EQ(found.size(), 3U);
  ASSERT_FALSE(found[0]);
  EXPECT_EQ(found[0].error().code, Errc::access_denied);
  EXPECT_TRUE(found[1] && *found[1]);
  EXPECT_TRUE(found[2] && !*found[2]);
}

TEST_F(RedisStore, KeepsToItsDatabase) {
  auto made = options();
  made.database = 3;
  const auto store = cache::make_redis_store(std::move(made));

  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());

  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
  EXPECT_EQ(tools_.text(*open(), {"name"}), "nothing");
  EXPECT_THAT(store->description(), testing::EndsWith("/3"));
}

TEST_F(RedisStore, SaysThatTheServerHasNoSuchDatabase) {
  auto made = options();
  made.database = 16;

  const Error error = error_of_get(*cache::make_redis_store(std::move(made)));

  EXPECT_EQ(error.code, Errc::access_denied) << describe(error);
  EXPECT_THAT(error.hint, testing::HasSubstr("`shared`"));
}

TEST_F(RedisStore, SaysThatNobodyListens) {
  auto to_port = options();
  to_port.port = support::free_port();
  auto to_path = options();
  to_path.unix_path = "/nonexistent/redis.sock";
  auto too_long = options();
  too_long.unix_path = "/" + std::string(200, 'x');
  auto to_name = options();
  to_name.host = "redis.invalid";

  EXPECT_EQ(error_of_get(*cache::make_redis_store(std::move(to_port))).code, Errc::unreachable);
  EXPECT_EQ(error_of_get(*cache::make_redis_store(std::move(to_path))).code, Errc::unreachable);
  EXPECT_EQ(error_of_get(*cache::make_redis_store(std::move(too_long))).code, Errc::unreachable);
  EXPECT_EQ(error_of_get(*cache::make_redis_store(std::move(to_name))).code, Errc::unreachable);
}

TEST_F(RedisStore, FindsTheServerByName) {
  auto made = options();
  made.host = "localhost";

  EXPECT_EQ(tools_.text(*cache::make_redis_store(std::move(made)), {"name"}), "nothing");
}

// Rule C8
TEST_F(RedisStore, FindsNothingInAValueOfAnotherTypeAndAnswersTheOthers) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"ours"}, "value"), IsTrue());
  server_.ask("LPUSH theirs x\r\n");

  const auto found = store->get({{"theirs"}, {"ours"}}, tools_.soon());

  EXPECT_TRUE(found[0] && !*found[0]);
  EXPECT_TRUE(found[1] && *found[1]);
  EXPECT_THAT(put(*store, {"theirs"}, "value"), IsFalse());
  EXPECT_THAT(put(*store, {"theirs"}, "value", tools_.version(*store, {"ours"})), IsFalse());
}

// Rule C8
TEST_F(RedisStore, ReplacesWhatAStrangerPut) {
  const auto store = open();
  server_.ask("SET short x\r\n");
  server_.ask("SET empty \"\"\r\n");

  for (const StoredName& name : {StoredName{"short"}, StoredName{"empty"}}) {
    EXPECT_THAT(put(*store, name, "ours", tools_.version(*store, name)), IsTrue()) << name.text;
    EXPECT_EQ(tools_.text(*store, name), "ours");
  }
}

// Rule C8
TEST_F(RedisStore, SaysThatTheServerHasNoMemoryAndGoesOnReading) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  server_.ask("CONFIG SET maxmemory 1\r\n");

  const auto first = put(*store, {"other"}, "value");
  const auto second = put(*store, {"name"}, "new", tools_.version(*store, {"name"}));

  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().code, Errc::exhausted) << describe(first.error());
  EXPECT_EQ(second.error().code, Errc::exhausted) << describe(second.error());
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
  server_.ask("CONFIG SET maxmemory 0\r\n");
  EXPECT_THAT(put(*store, {"other"}, "value"), IsTrue());
}

TEST_F(RedisStore, ReadsFromAReplicaAndSaysThatItTakesNoWrites) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  server_.ask("REPLICAOF 127.0.0.1 " + std::to_string(support::free_port()) + "\r\n");

  const auto refused = put(*store, {"other"}, "value");

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unreachable) << describe(refused.error());
  EXPECT_THAT(refused.error().hint, testing::HasSubstr("master"));
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
}

// Rule C8
TEST_F(RedisStore, IsWithoutAServerThatIsBusyWithAScriptAndComesBack) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  server_.ask("CONFIG SET busy-reply-threshold 1\r\n");
  const auto script = support::connect_to(server_.port());
  const std::string_view endless = "EVAL \"while true do end\" 0\r\n";
  ASSERT_EQ(::write(script.get(), endless.data(), endless.size()),
            static_cast<ssize_t>(endless.size()));
  ASSERT_TRUE(tools_.eventually([&] { return server_.ask("PING\r\n").starts_with("-BUSY"); }));

  const Error error = error_of_get(*store);

  EXPECT_EQ(error.code, Errc::unreachable) << describe(error);
  EXPECT_EQ(server_.ask("SCRIPT KILL\r\n"), "+OK\r\n");
  EXPECT_TRUE(tools_.eventually([&] { return tools_.text(*store, {"name"}) == "value"; }));
}

// Rule C8
TEST_F(RedisStore, AsksOnANewLineWhenTheServerHasClosedTheIdleOne) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());

  server_.ask("CLIENT KILL TYPE normal SKIPME yes\r\n");
  EXPECT_EQ(tools_.text(*store, {"name"}), "value");
  server_.ask("CLIENT KILL TYPE normal SKIPME yes\r\n");
  EXPECT_THAT(put(*store, {"name"}, "new", tools_.version(*store, {"name"})), IsTrue());
  server_.ask("CLIENT KILL TYPE normal SKIPME yes\r\n");
  EXPECT_THAT(put(*store, {"other"}, "value"), IsTrue());

  EXPECT_EQ(tools_.text(*store, {"name"}), "new");
}

// Rule C8
TEST_F(RedisStore, GoesOnWhenTheServerWasRestarted) {
  const auto store = open();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  const std::string seen = tools_.version(*store, {"name"});
  EXPECT_THAT(put(*store, {"name"}, "new", seen), IsTrue());  // the server knows the script

  server_.restart();

  EXPECT_EQ(tools_.text(*store, {"name"}), "nothing");
  EXPECT_THAT(put(*store, {"name"}, "late", seen), IsFalse());
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  EXPECT_THAT(put(*store, {"name"}, "new", tools_.version(*store, {"name"})), IsTrue());
}

TEST_F(RedisStore, ComesBackByItselfWhenTheServerDoes) {
  const auto store = open();
  server_.kill();
  EXPECT_EQ(error_of_get(*store).code, Errc::unreachable);

  server_.restart();

  EXPECT_TRUE(tools_.eventually([&] { return tools_.text(*store, {"name"}) == "nothing"; }));
}

// Rule C8
TEST_F(RedisStore, RecognisesItsOwnValueWhenTheAnswerToAPutWasLost) {
  ChaosProxy proxy(server_.port());
  auto made = options();
  made.port = proxy.port();
  const auto store = cache::make_redis_store(std::move(made));
  const auto direct = open();
  // The proxy trickles the answer and hangs up when the value is there. Should the machine be so
  // busy that the whole answer comes through first, another round is needed.
  const auto loses_an_answer = [&](const std::string& value, const std::string& version) {
    proxy.set_mode(ChaosProxy::Mode::trickle);
    std::jthread cutter([&] {
      EXPECT_TRUE(tools_.eventually([&] { return tools_.text(*direct, {"name"}) == value; }));
      proxy.set_mode(ChaosProxy::Mode::pass);
      proxy.cut();
    });
    EXPECT_THAT(put(*store, {"name"}, value, version), IsTrue());
    cutter.join();
    EXPECT_EQ(tools_.text(*direct, {"name"}), value);
    const std::string said = proxy.said_to_server();
    return said.find(value) != said.rfind(value);
  };
  EXPECT_THAT(put(*direct, {"name"}, "first"), IsTrue());
  EXPECT_THAT(put(*direct, {"name"}, "x", tools_.version(*direct, {"name"})), IsTrue());
  int round = 0;
  const auto is_asked_twice = [&](bool is_new) {
    if (is_new) server_.ask("DEL name\r\n");
    EXPECT_EQ(tools_.text(*store, {"warm"}), "nothing");
    const std::string version = tools_.version(*direct, {"name"});
    EXPECT_EQ(version.empty(), is_new);
    return loses_an_answer("mine-" + std::to_string(++round) + "-", version);
  };

  EXPECT_TRUE(tools_.eventually([&] { return is_asked_twice(false); }));
  EXPECT_TRUE(tools_.eventually([&] { return is_asked_twice(true); }));
}

// Rule F1
TEST_F(RedisStore, WaitsNoLongerThanItsTimeoutForAServerThatPauses) {
  const auto store = open_impatient();
  EXPECT_THAT(put(*store, {"name"}, "value"), IsTrue());
  server_.ask("CLIENT PAUSE 60000 ALL\r\n");
  const Instant began = tools_.clock->now();

  const Error error = error_of_get(*store);

  EXPECT_EQ(error.code, Errc::timed_out) << describe(error);
  EXPECT_LT(tools_.clock->now() - began, 2s);
}

// Rule F1
TEST_F(RedisStore, WaitsNoLongerThanTheDeadlineForAServerThatIsStoppedOrTrickles) {
  ChaosProxy proxy(server_.port());
  auto made = options();
  made.port = proxy.port();
  const auto store = cache::make_redis_store(std::move(made));
  EXPECT_THAT(put(*store, {"name"}, std::string(1000, 'x')), IsTrue());
  const auto ask_briefly = [&] {
    const Instant began = tools_.clock->now();
    const auto found = store->get({{"name"}}, Deadline{began + 200ms});
    EXPECT_EQ(found[0].error().code, Errc::timed_out);
    EXPECT_LT(tools_.clock->now() - began, 2s);
  };

  proxy.set_mode(ChaosProxy::Mode::trickle);
  ask_briefly();
  proxy.set_mode(ChaosProxy::Mode::pass);
  server_.stop();
  ask_briefly();
  server_.resume();
}

// Rule F2
TEST_F(RedisStore, HangsUpOnAnswersWithoutEnd) {
  std::string nested;
  for (int depth = 0; depth < 20; ++depth)
    nested += "*1\r\n";
  const std::vector<std::string> answers{"*2147483647\r\n",
                                         nested,
                                         "$2147483647\r\n" + nested,
                                         "+" + std::string(3 * 1024 * 1024, 'x'),
                                         "$-7\r\n",
                                         "*-9\r\n",
                                         ":1\r\n",
                                         "+OK\r\n",
                                         "*0\r\n"};
  for (const auto& answer : answers) {
    ChaosProxy proxy(server_.port());
    proxy.set_rubbish(answer);
    proxy.set_mode(ChaosProxy::Mode::garbage);
    auto made = options();
    made.port = proxy.port();
    made.timeout = 1s;
    const auto store = cache::make_redis_store(std::move(made));

    const Error error = error_of_get(*store);

    EXPECT_THAT(error.code, testing::AnyOf(Errc::malformed_response, Errc::timed_out))
        << describe(error) << " after " << answer.substr(0, 20);
  }
}

// Rule F1
TEST_F(RedisStore, ServesManyThreadsAtOnce) {
  const auto store = open();
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      const StoredName name{"name-" + std::to_string(thread)};
      for (int round = 0; round < 50; ++round) {
        const std::string value = name.text + "/" + std::to_string(round);
        const auto done = put(*store, name, value, tools_.version(*store, name));
        if (!done || !*done || tools_.text(*store, name) != value) ++wrong;
      }
    });
  }

  threads.clear();

  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace valetkey::contract
