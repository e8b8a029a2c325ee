// SPDX-License-Identifier: Apache-2.0
#include "cache/server_url.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace valetkey::cache {
namespace {

Address at(std::string host, std::uint16_t port) {
  return {.host = std::move(host), .port = port, .unix_path = {}};
}
Address socket_at(std::string path) {
  return {.host = {}, .port = 0, .unix_path = std::move(path)};
}

TEST(ServerUrl, SaysWhereMemcachedIs) {
  const std::vector<std::pair<std::string, std::vector<Address>>> cases = {
      {"memcached://127.0.0.1:11211", {at("127.0.0.1", 11211)}},
      {"memcached://cache.example", {at("cache.example", 11211)}},
      {"MEMCACHED://Cache.Example:1", {at("cache.example", 1)}},
      {"memcached://[::1]", {at("::1", 11211)}},
      {"memcached://[2001:DB8::7]:65535", {at("2001:db8::7", 65535)}},
      {"memcached:///run/memcached.sock", {socket_at("/run/memcached.sock")}},
      {"memcached://a,b:2, [::1]:3 ,/run/m.sock",
       {at("a", 11211), at("b", 2), at("::1", 3), socket_at("/run/m.sock")}},
  };

  for (const auto& [text, addresses] : cases) {
    const auto servers = parse_server_url(text);
    ASSERT_TRUE(servers) << text << ": " << servers.error().context;
    EXPECT_EQ(servers->kind, ServerKind::memcached) << text;
    EXPECT_EQ(servers->addresses, addresses) << text;
  }
}

TEST(ServerUrl, SaysWhereRedisIs) {
  const std::vector<std::tuple<std::string, Address, unsigned>> cases = {
      {"redis://127.0.0.1", at("127.0.0.1", 6379), 0},
      {"redis://cache.example:7000/", at("cache.example", 7000), 0},
      {"redis://cache.example/3", at("cache.example", 6379), 3},
      {"redis://[::1]:7000/15", at("::1", 7000), 15},
      {"redis:///run/redis/redis.sock", socket_at("/run/redis/redis.sock"), 0},
      {"redis:///run/redis/redis.sock?db=2", socket_at("/run/redis/redis.sock"), 2},
  };

  for (const auto& [text, address, database] : cases) {
    const auto servers = parse_server_url(text);
    ASSERT_TRUE(servers) << text << ": " << servers.error().context;
    EXPECT_EQ(
        *servers,
        (SharedServers{.kind = ServerKind::redis, .addresses = {address}, .database = database}))
        << text;
    EXPECT_EQ(*parse_server_url(format_server_url(*servers)), *servers) << text;
  }
}

// Rule F4
TEST(ServerUrl, SaysWhatIsWrongWithIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "shared is empty"},
      {"/run/redis.sock", "shared looks like a path and does not say whose"},
      {"./redis.sock", "shared looks like a path and does not say whose"},
      {"127.0.0.1:11211", "shared does not say which kind of server it is"},
      {"http://127.0.0.1", "shared: the scheme http:// is unknown"},
      {"reddis://127.0.0.1", "shared: the scheme reddis:// is unknown"},
      {"rediss://127.0.0.1", "shared: rediss:// is Redis with TLS, which this build has not"},
      {"://127.0.0.1", "shared does not say which kind of server it is"},
      {"memcached://", "shared: a host is missing"},
      {"redis://", "shared: a host is missing"},
      {"memcached://a,,b", "shared: a host is missing"},
      {"memcached://a,", "shared: a host is missing"},
      {"redis://:6379", "shared: a host is missing"},
      {"redis://a:", "shared: what follows the colon is no port"},
      {"redis://a:0", "shared: what follows the colon is no port"},
      {"redis://a:65536", "shared: what follows the colon is no port"},
      {"redis://a:+1", "shared: what follows the colon is no port"},
      {"redis://::1", "shared: a host has more than one colon"},
      {"redis://[::1", "shared: what is in brackets is no IPv6 address"},
      {"redis://[127.0.0.1]", "shared: what is in brackets is no IPv6 address"},
      {"redis://[::1]6379", "shared: there is something between the address and its port"},
      {"redis://a b", "shared: a host is neither a name nor an address"},
      {"redis://.a", "shared: a host is neither a name nor an address"},
      {"redis://a,b", "shared: names several Redis servers, and one is what can be used"},
      {"redis://a/x", "shared: the database is no number from 0 to 65535"},
      {"redis://a/-1", "shared: the database is no number from 0 to 65535"},
      {"redis://a/0/1", "shared: the database is no number from 0 to 65535"},
      {"redis:///a?db=", "shared: the database is no number from 0 to 65535"},
      {"redis:///a?database=1", "shared: what follows the ? is not known"},
      {"redis://a?db=1", "shared: what follows the ? is not known"},
      {"redis:///", "shared: the path of the UNIX socket is none"},
      {"redis:///run/", "shared: the path of the UNIX socket is none"},
      {"redis:///run/a\nb", "shared: the path of the UNIX socket is none"},
      {"redis:///" + std::string(200, 'p'),
       "shared: the path of the UNIX socket is longer than the kernel takes, which is 107 bytes"},
      {"memcached://run/memcached.sock",
       "shared: a host is followed by a path, which Memcached does not know"},
      {"memcached://a:1/0", "shared: a host is followed by a path, which Memcached does not know"},
      {"memcached://a?b", "shared: Memcached's has a ? and nothing is known to follow it"},
      {"memcached://a,b:11211,A:11211", "shared: names the same server twice"},
      {"memcached:///m,/m", "shared: names the same server twice"},
      {"memcached://" + std::string(3000, 'h'), "shared is longer than 2048 bytes"},
  };

  for (const auto& [text, context] : cases) {
    const auto servers = parse_server_url(text);
    ASSERT_FALSE(servers) << text;
    EXPECT_EQ(servers.error().code, Errc::misconfigured);
    EXPECT_EQ(servers.error().context, context) << text;
    EXPECT_FALSE(servers.error().hint.empty()) << text;
  }
  EXPECT_EQ(parse_server_url("reddis://a").error().hint, "did you mean redis://?");
}

// Rule F2
TEST(ServerUrl, BoundsTheNumberOfServers) {
  std::string text = "memcached://h0";
  for (std::size_t count = 1; count < base::cache_servers_max; ++count)
    text += ",h" + std::to_string(count);

  EXPECT_TRUE(parse_server_url(text));
  EXPECT_EQ(parse_server_url(text + ",more").error().context, "shared: names more than 64 servers");
}

// Rule S2: a password in it is refused, and no mistake repeats what may be one.
TEST(ServerUrl, RepeatsNoPassword) {
  for (const auto* const text :
       {"redis://:hunter2@127.0.0.1", "redis://me:hunter2@127.0.0.1:6379/0",
        "redis://hunter2@127.0.0.1", "memcached://me:hunter2@a,b", "redis:///hunter2@run/r.sock",
        "hunter2@127.0.0.1", "redis://me:hunter2", "redis:///r?password=hunter2",
        "redis://a/hunter2", "redis://[hunter2]", "redis://a b hunter2", "hunter2", "hunter2://a",
        "hunter2hunter2hunter2hunter2://a", "memcached://a?hunter2", "memcached://a/hunter2"}) {
    const auto servers = parse_server_url(text);
    ASSERT_FALSE(servers) << text;
    EXPECT_FALSE(servers.error().context.contains("hunter2")) << servers.error().context;
    EXPECT_FALSE(servers.error().hint.contains("hunter2")) << servers.error().hint;
    if (std::string_view(text).contains('@')) {
      EXPECT_TRUE(servers.error().hint.contains("shared_password = \"file:"));
    }
  }
}

TEST(ServerUrl, KnowsWhatStaysOnThisMachine) {
  for (const auto* const text : {"redis://127.0.0.1", "redis://127.9.9.9", "redis://localhost",
                                 "redis://[::1]", "redis:///run/r.sock"}) {
    EXPECT_TRUE(is_local(parse_server_url(text)->addresses.front())) << text;
  }
  for (const auto* const text :
       {"redis://10.0.0.1", "redis://127.example", "redis://localhost.example", "redis://[::2]"}) {
    EXPECT_FALSE(is_local(parse_server_url(text)->addresses.front())) << text;
  }
}

}  // namespace
}  // namespace valetkey::cache
