// SPDX-License-Identifier: Apache-2.0
// What a Redis server's refusals mean, in its own words of several versions.
#include "cache/redis_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::cache {
namespace {

struct Refused {
  std::string words;
  Errc code;
  bool of_everything;
  std::string hint_names{};
};

class RedisRefusals : public testing::TestWithParam<Refused> {};

RedisRefusal refusal_of_words(const std::string& words) {
  return refusal_of({.kind = RedisReply::Kind::refusal, .text = words}, "redis 127.0.0.1:1");
}

TEST_P(RedisRefusals, MeanOneThing) {
  const auto refusal = refusal_of_words(GetParam().words);

  EXPECT_EQ(refusal.error.code, GetParam().code);
  EXPECT_EQ(refusal.of_everything, GetParam().of_everything);
  EXPECT_THAT(refusal.error.hint, testing::HasSubstr(GetParam().hint_names));
  EXPECT_THAT(refusal.error.context, testing::StartsWith("redis 127.0.0.1:1 "));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryVersion, RedisRefusals,
    testing::Values(
        Refused{"LOADING Redis is loading the dataset in memory", Errc::unreachable, true},
        Refused{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                Errc::unreachable, true},
        Refused{"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
                "NOSAVE.",
                Errc::unreachable, true},
        Refused{"CLUSTERDOWN The cluster is down", Errc::unreachable, true},
        Refused{"ERR max number of clients reached", Errc::unreachable, true, "maxclients"},
        Refused{"READONLY You can't write against a read only replica.", Errc::unreachable, false,
                "master"},
        Refused{"NOREPLICAS Not enough good replicas to write.", Errc::unreachable, false},
        Refused{"NOAUTH Authentication required.", Errc::access_denied, true, "shared_password"},
        Refused{"WRONGPASS invalid username-password pair or user is disabled.",
                Errc::access_denied, true, "shared_user"},
        Refused{"ERR invalid password", Errc::access_denied, true, "shared_password"},
        Refused{"ERR Client sent AUTH, but no password is set", Errc::access_denied, true,
                "remove `shared_password`"},
        Refused{"DENIED Redis is running in protected mode because protected mode is enabled",
                Errc::access_denied, true, "shared_password"},
        Refused{"NOPERM this user has no permissions to run the 'eval' command",
                Errc::access_denied, false, "+eval"},
        Refused{"ERR The user executing the script can't run this command or subcommand",
                Errc::access_denied, false, "+set"},
        Refused{"ERR DB index is out of range", Errc::access_denied, true, "`shared`"},
        Refused{"OOM command not allowed when used memory > 'maxmemory'.", Errc::exhausted, false,
                "memory"},
        Refused{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
                "persist to disk.",
                Errc::exhausted, false, "disk"},
        Refused{"ERR string exceeds maximum allowed size (proto-max-bulk-len)", Errc::exhausted,
                false},
        Refused{"ERR Protocol error: invalid bulk length", Errc::exhausted, false,
                "proto-max-bulk-len"},
        Refused{"MOVED 3999 127.0.0.1:6381", Errc::malformed_response, false, "single server"},
        Refused{"ERR wrong number of arguments for 'get' command", Errc::malformed_response, false},
        Refused{"", Errc::malformed_response, false}));

// Rule S3
TEST(RedisRefusal, DoesNotRepeatTheArgumentsThatTheServerRepeats) {
  const auto refusal = refusal_of_words(
      "ERR unknown command 'SET', with args beginning with: 'name' 'value of a token'");

  EXPECT_THAT(refusal.error.server_text, testing::StartsWith("ERR unknown command 'SET'"));
  EXPECT_THAT(describe(refusal.error), testing::Not(testing::HasSubstr("value")));
}

// Rule F3
TEST(RedisRefusal, CutsTheServersWordsShortAndMakesThemPrintable) {
  const auto refusal = refusal_of_words("ERR \x1b[31m" + std::string(5000, 'x'));

  EXPECT_LT(refusal.error.server_text.size(), 300U);
  EXPECT_THAT(refusal.error.server_text, testing::Not(testing::HasSubstr("\x1b")));
}

}  // namespace
}  // namespace valetkey::cache
