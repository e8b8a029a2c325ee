// SPDX-License-Identifier: Apache-2.0
// What is memcached's alone; what every store does is in tests/contract.
#include "cache/memcached_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cache/host_lookup.h"
#include "support/chaos_proxy.h"
#include "support/real_server.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using support::RealServer;
using testing::HasSubstr;

std::shared_ptr<SharedStore> open(std::vector<MemcachedServer> servers) {
  return make_memcached_store(
      {.servers = std::move(servers), .clock = make_system_clock(), .timeout = 5s});
}

MemcachedServer at(std::uint16_t port, std::string host = "127.0.0.1") {
  return {.host = std::move(host), .port = port};
}

SharedStore::Found get(SharedStore& store, const StoredName& name) {
  auto found = store.get({name}, deadline_in(5s));
  return std::move(found.front());
}

std::string text(SharedStore& store, const StoredName& name) {
  const auto found = get(store, name);
  if (!found) return "error " + std::string(name_of(found.error().code));
  return !*found ? "nothing"
                 : (*found)->bytes.reveal([](auto bytes) { return std::string(bytes); });
}

TEST(MemcachedStore, SaysWithWhomItSpeaks) {
  EXPECT_EQ(open({at(11211)})->description(), "memcached 127.0.0.1:11211");
  EXPECT_EQ(open({at(2, "b"), at(1, "::1"), {.path = "/run/m.sock"}, at(2, "b")})->description(),
            "memcached /run/m.sock, [::1]:1, b:2");
}

TEST(MemcachedStore, FindsValuesWhateverTheOrderOfTheServers) {
  const RealServer one(RealServer::Kind::memcached);
  const RealServer two(RealServer::Kind::memcached);
  const RealServer three(RealServer::Kind::memcached, RealServer::Listens::unix_socket);
  std::vector<MemcachedServer> servers{
      at(one.port()), at(two.port()), {.path = three.socket_path()}};
  const auto writer = open(servers);
  for (int each = 0; each < 50; ++each)
    EXPECT_TRUE(writer->put({std::to_string(each)}, "", Secret("v"), 1min, deadline_in(5s)));
  for (std::size_t copy = 0; copy < 3; ++copy) {
    const auto put =
        writer->put({"copied", copy}, "", Secret(std::to_string(copy)), 1min, deadline_in(5s));
    EXPECT_TRUE(put && *put);
  }

  std::sort(servers.begin(), servers.end());
  do {
    const auto reader = open(servers);
    for (int each = 0; each < 50; ++each)
      EXPECT_EQ(text(*reader, {std::to_string(each)}), "v");
    for (std::size_t copy = 0; copy < 3; ++copy)
      EXPECT_EQ(text(*reader, {"copied", copy}), std::to_string(copy));
  } while (std::next_permutation(servers.begin(), servers.end()));
}

TEST(MemcachedStore, SaysWhatToDoWhenTheServersOwnLimitIsSmall) {
  const RealServer server(RealServer::Kind::memcached, RealServer::Listens::port,
                          {"-I", "4k", "-o", "slab_chunk_max=4"});
  const auto store = open({at(server.port())});

  const auto put = store->put({"n"}, "", Secret(std::string(8192, 'x')), 1min, deadline_in(5s));

  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, Errc::exhausted);
  EXPECT_THAT(put.error().hint, HasSubstr("-I"));
  EXPECT_THAT(put.error().context, HasSubstr("memcached 127.0.0.1:"));
  EXPECT_EQ(text(*store, {"n"}), "nothing");
}

TEST(MemcachedStore, IsRefusedByAServerThatWantsAPassword) {
  const support::TempDirectory directory;
  const RealServer server(RealServer::Kind::memcached, RealServer::Listens::port,
                          {"-Y", directory.write("users", "user:word\n")});
  const auto store = open({at(server.port())});

  const auto found = get(*store, {"n"});

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::access_denied);
  EXPECT_THAT(found.error().hint, HasSubstr("-Y"));
}

// Rule C8
TEST(MemcachedStore, AnswersForTheOthersWhileOneServerHangs) {
  const auto clock = make_system_clock();
  for (const std::size_t hung : {0U, 1U}) {
    std::vector<std::unique_ptr<RealServer>> servers;
    for (int each = 0; each < 2; ++each)
      servers.push_back(std::make_unique<RealServer>(RealServer::Kind::memcached));
    std::ranges::sort(servers, {}, [](const auto& one) { return one->port(); });
    const auto open_both = [&] {
      return make_memcached_store({.servers = {at(servers[0]->port()), at(servers[1]->port())},
                                   .clock = clock,
                                   .timeout = 400ms});
    };
    const std::size_t healthy = 1 - hung;
    const auto store = open_both();
    for (std::size_t copy = 0; copy < 2; ++copy)
      EXPECT_TRUE(store->put({"n", copy}, "", Secret("v"), 10min, deadline_in(5s)));
    servers[hung]->stop();

    int probes = 0;
    for (const Deadline enough = deadline_in(4s); !enough.passed(clock->now());) {
      const auto both = store->get({{"n", hung}, {"n", healthy}}, deadline_in(5s));
      ASSERT_FALSE(both[0]);
      ASSERT_TRUE(both[1]) << describe(both[1].error());
      EXPECT_TRUE(*both[1]);
      ASSERT_EQ(text(*store, {"n", healthy}), "v");
      ASSERT_TRUE(store->time(deadline_in(5s)));
      ++probes;
    }
    EXPECT_GT(probes, 0);

    // A process that starts now has a connection to neither.
    const auto fresh = open_both();
    const auto both = fresh->get({{"n", hung}, {"n", healthy}}, deadline_in(5s));
    EXPECT_FALSE(both[0]);
    EXPECT_TRUE(both[1] && *both[1]);
    EXPECT_TRUE(open_both()->time(deadline_in(5s)));
    servers[hung]->resume();
  }
}

// SECURITY: nobody says more to the server than one name.
TEST(MemcachedStore, SendsNoNameThatCouldSaySomethingElse) {
  const RealServer server(RealServer::Kind::memcached);
  const support::ChaosProxy proxy(server.port());
  const auto store = open({at(proxy.port())});

  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\r\nflush_all"), std::string(201, 'x'),
        std::string("a\0b", 3), std::string("caf\xc3\xa9")}) {
    EXPECT_EQ(text(*store, {name}), "error invalid_argument");
    EXPECT_EQ(store->put({name}, "", Secret("v"), 1min, deadline_in(5s)).error().code,
              Errc::invalid_argument);
  }
  EXPECT_EQ(text(*store, {"n", 1}), "error invalid_argument");

  EXPECT_EQ(proxy.said_to_server(), "");
}

TEST(MemcachedStore, AsksForAllNamesInOneQuestion) {
  const RealServer server(RealServer::Kind::memcached);
  const support::ChaosProxy proxy(server.port());
  const auto store = open({at(proxy.port())});

  static_cast<void>(store->get({{"one"}, {"two"}, {"three"}}, deadline_in(5s)));
  static_cast<void>(store->get({{"one"}}, deadline_in(5s)));

  EXPECT_EQ(proxy.said_to_server(), "stats\r\ngets one two three\r\ngets one\r\n");
}

TEST(MemcachedStore, SaysHowLongAValueLives) {
  const RealServer server(RealServer::Kind::memcached);
  const support::ChaosProxy proxy(server.port());
  const auto store = open({at(proxy.port())});

  for (const auto life : std::vector<std::chrono::milliseconds>{0ms, 1ms, 1000ms, 1001ms, 24h * 29,
                                                                24h * 30, 24h * 3650}) {
    EXPECT_TRUE(store->put({"n"}, "", Secret("v"), life, deadline_in(5s)));
  }

  EXPECT_EQ(proxy.said_to_server(),
            "stats\r\nadd n 0 1 1\r\nv\r\nadd n 0 2 1\r\nv\r\nadd n 0 2 1\r\nv\r\n"
            "add n 0 3 1\r\nv\r\nadd n 0 2505601 1\r\nv\r\nadd n 0 2592000 1\r\nv\r\n"
            "add n 0 2592000 1\r\nv\r\n");
}

TEST(MemcachedStore, ReachesAServerByItsName) {
  const RealServer server(RealServer::Kind::memcached);
  const auto store = open({at(server.port(), "localhost")});

  EXPECT_EQ(text(*store, {"n"}), "nothing");
}

TEST(MemcachedStore, SaysWhatIsWrongWithAPlaceWhereNobodyIs) {
  const support::TempDirectory directory;
  const auto absent = open({{.path = directory.path() + "/none.sock"}});
  const auto long_path = open({{.path = "/" + std::string(200, 'x')}});

  const auto first = get(*absent, {"n"});
  const auto second = get(*long_path, {"n"});

  EXPECT_EQ(first.error().code, Errc::unreachable);
  EXPECT_THAT(first.error().hint, HasSubstr("start memcached"));
  EXPECT_EQ(second.error().code, Errc::unreachable);
  EXPECT_THAT(second.error().context, HasSubstr("too long"));
}

TEST(HostLookup, FindsAddressesAndNames) {
  for (const std::string host : {"127.0.0.1", "::1", "localhost"}) {
    HostLookup lookup(host, 7, make_system_clock());
    const auto found = lookup.fetch(deadline_in(5s));
    ASSERT_TRUE(found) << host << describe(found.error());
    EXPECT_FALSE(found->empty());
  }
}

// Rule F1
TEST(HostLookup, LeavesAtTheDeadlineAndOutlivesWhoAsked) {
  const auto clock = make_system_clock();
  HostLookup lookup("nobody.invalid", 7, clock);

  const auto found = lookup.fetch(Deadline{clock->now()});

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::timed_out);
}

}  // namespace
}  // namespace valetkey::cache
