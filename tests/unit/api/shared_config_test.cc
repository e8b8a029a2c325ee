// SPDX-License-Identifier: Apache-2.0
// What [cache] says of a shared cache, and each mistake that can be made there.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "valetkey/config.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view provider = R"([provider.box]
grant = "client_credentials"
client_id = "abc"
client_secret = "file:client.secret"
enterprise_id = "1234"
[cache]
)";

Result<Config> parsed(std::string_view cache) {
  return parse_config(std::string(provider) + std::string(cache), "dir/valetkey.toml");
}

/// "line: what | remedy", the line counted from the one after [cache].
std::vector<std::string> mistakes_of(std::string_view cache) {
  std::vector<std::string> lines;
  const auto config = parsed(cache);
  if (config) return lines;
  for (const auto& mistake : config.error().mistakes) {
    EXPECT_FALSE(mistake.remedy.empty()) << mistake.what;
    lines.push_back(std::to_string(static_cast<int>(mistake.line) - 6) + ": " + mistake.what +
                    " | " + mistake.remedy);
  }
  return lines;
}

TEST(SharedConfig, IsReadWhole) {
  const auto config = parsed(R"(shared = "redis://cache.example/1"
shared_user = "valetkey"
shared_password = "env:REDIS_PASSWORD"
shared_timeout = "1s"
sealing_key = ["file:new.key", "credential:old.key"]
)");

  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->cache.shared, "redis://cache.example/1");
  EXPECT_EQ(config->cache.shared_user, "valetkey");
  EXPECT_EQ(config->cache.shared_password, "env:REDIS_PASSWORD");
  EXPECT_EQ(config->cache.shared_timeout, 1s);
  EXPECT_EQ(config->cache.sealing_key,
            (std::vector<std::string>{"file:new.key", "credential:old.key"}));
}

TEST(SharedConfig, IsAbsentWhereNothingIsSaid) {
  const auto config = parsed("");

  ASSERT_TRUE(config);
  EXPECT_TRUE(config->cache.shared.empty());
  EXPECT_EQ(config->cache.shared_timeout, 1s);
}

struct Row {
  const char* what;
  const char* text;
  const char* expected;
};

// Rule F4
TEST(SharedConfig, NotesEachMistakeWithItsLineAndRemedy) {
  const Row rows[] = {
      {"no key", "shared = \"redis://a\"\n",
       "1: shared needs a sealing_key, so that no server learns a token | make one with `valetkey "
       "keygen --output FILE`"},
      {"an unknown scheme", "sealing_key = \"file:k\"\nshared = \"mysql://a\"\n",
       "2: shared: the scheme mysql:// is unknown | write memcached:// or redis://"},
      {"a bare path", "sealing_key = \"file:k\"\nshared = \"/run/redis.sock\"\n",
       "2: shared looks like a path and does not say whose | write memcached:///path or "
       "redis:///path"},
      {"several Redis", "sealing_key = \"file:k\"\nshared = \"redis://a,b\"\n",
       "2: shared: names several Redis servers"},
      {"a key alone", "sealing_key = \"file:k\"\n",
       "1: sealing_key is of a shared cache, and none is named | write shared = "},
      {"a password alone", "shared_password = \"file:p\"\n",
       "1: shared_password is of a shared cache, and none is named"},
      {"a literal key", "shared = \"redis://a\"\nsealing_key = \"vk-seal-1.hunter2hunter2\"\n",
       "2: sealing_key: this looks like the secret itself, not where to find it"},
      {"a literal password",
       "shared = \"redis://a\"\nsealing_key = \"file:k\"\nshared_password = \"hunter2hunter2\"\n",
       "3: shared_password: this looks like the secret itself, not where to find it"},
      {"three keys", "shared = \"redis://a\"\nsealing_key = [\"file:1\", \"file:2\", \"file:3\"]\n",
       "2: sealing_key names more than two sources | keep the one that seals and one other"},
      {"one key twice", "shared = \"redis://a\"\nsealing_key = [\"file:1\", \"file:1\"]\n",
       "2: sealing_key names the same source twice"},
      {"no key in the list", "shared = \"redis://a\"\nsealing_key = []\n",
       "2: sealing_key names no source"},
      {"an empty key", "shared = \"redis://a\"\nsealing_key = \"\"\n",
       "2: sealing_key: the secret's source is empty"},
      {"an empty address", "sealing_key = \"file:k\"\nshared = \"\"\n",
       "2: shared is empty | write shared = "},
      {"a password for Memcached",
       "shared = \"memcached://a\"\nsealing_key = \"file:k\"\nshared_password = \"file:p\"\n",
       "3: shared_password is for Redis, and shared is a Memcached | remove it"},
      {"a user for Memcached",
       "shared = \"memcached://a\"\nsealing_key = \"file:k\"\nshared_user = \"me\"\n",
       "3: shared_user is for Redis, and shared is a Memcached | remove it"},
      {"a user without password",
       "shared = \"redis://a\"\nsealing_key = \"file:k\"\nshared_user = \"me\"\n",
       "3: shared_user has no shared_password | write shared_password = \"file:"},
      {"too short a wait",
       "shared = \"redis://a\"\nsealing_key = \"file:k\"\nshared_timeout = \"9ms\"\n",
       "3: shared_timeout is not between 10ms and 10s | write shared_timeout = \"1s\""},
      {"too long a wait",
       "shared = \"redis://a\"\nsealing_key = \"file:k\"\nshared_timeout = \"11s\"\n",
       "3: shared_timeout is not between 10ms and 10s"},
      {"a wait without unit",
       "shared = \"redis://a\"\nsealing_key = \"file:k\"\nshared_timeout = 250\n",
       "3: shared_timeout is an integer | write a number and a unit"},
      {"a mistyped key", "shard = \"redis://a\"\n",
       "1: unknown key shard in [cache] | did you mean shared?"},
  };

  for (const auto& row : rows) {
    const auto lines = mistakes_of(row.text);
    ASSERT_EQ(lines.size(), 1U) << row.what << (lines.empty() ? "" : ": " + lines.back());
    EXPECT_TRUE(lines.front().starts_with(row.expected)) << row.what << ": " << lines.front();
    EXPECT_FALSE(lines.front().contains("hunter2")) << row.what;
  }
}

// Rule F4
TEST(SharedConfig, NotesAllMistakesAtOnce) {
  const auto lines = mistakes_of(R"(shared_timeout = "1h"
shared = "redis://a:port"
shared_user = "me"
sealing_key = "literal-literal-literal"
)");

  EXPECT_EQ(lines.size(), 4U);
}

// Rule S2
TEST(SharedConfig, RefusesAPasswordInTheAddressWithoutRepeatingIt) {
  for (const auto* const address : {"redis://:hunter2@a", "redis://me:hunter2@a:6379/0",
                                    "redis://hunter2@a", "memcached://me:hunter2@a", "hunter2@a"}) {
    const auto lines =
        mistakes_of("sealing_key = \"file:k\"\nshared = \"" + std::string(address) + "\"\n");
    ASSERT_EQ(lines.size(), 1U) << address;
    EXPECT_TRUE(lines.front().starts_with("2: shared: has an @")) << lines.front();
    EXPECT_TRUE(lines.front().contains("shared_password = \"file:")) << lines.front();
    EXPECT_FALSE(lines.front().contains("hunter2")) << lines.front();
  }
}

}  // namespace
}  // namespace valetkey
