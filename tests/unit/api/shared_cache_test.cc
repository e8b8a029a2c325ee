// SPDX-License-Identifier: Apache-2.0
#include "api/shared_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "api/config_checks.h"
#include "crypto/seal.h"
#include "support/real_server.h"
#include "support/temp_directory.h"
#include "support/wrong_wall_clock.h"
#include "valetkey/log.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;
using support::RealServer;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

/// A directory with secrets, and configurations that name them.
struct World {
  World() {
    write("sealing.key", text_of(crypto::generate_sealing_key()) + "\n");
    write("other.key", text_of(crypto::generate_sealing_key()) + "\n");
    write("password", "open sesame\n");
  }

  void write(const std::string& name, std::string_view text) const { directory.write(name, text); }

  Config config(const std::string& cache) const {
    auto parsed = parse_config(
        "[provider.box]\ngrant = \"client_credentials\"\nclient_id = \"abc\"\nclient_secret = "
        "\"file:password\"\nenterprise_id = \"1\"\n[cache]\n" +
            cache,
        directory.path() + "/valetkey.toml");
    EXPECT_TRUE(parsed) << parsed.error().context;
    return std::move(*parsed);
  }
  static std::string redis(const RealServer& server) {
    return "shared = \"redis://127.0.0.1:" + std::to_string(server.port()) +
           "\"\nshared_timeout = \"5s\"\n";
  }

  SharedCache open(const Config& config) {
    mistakes.clear();
    return open_shared_cache(config, clock, mistakes);
  }
  /// "line: what | remedy", the line counted from the one after [cache].
  std::vector<std::string> noted() const {
    std::vector<std::string> lines;
    for (const auto& mistake : mistakes) {
      lines.push_back(std::to_string(static_cast<int>(mistake.line) - 6) + ": " + mistake.what +
                      " | " + mistake.remedy);
    }
    return lines;
  }
  bool put(const SharedCache& shared, const std::string& name, std::string_view bytes) const {
    return shared.store->put({.text = name, .copy = {}}, "", Secret(bytes), 1h, soon()).value();
  }
  std::string get(const SharedCache& shared, const std::string& name) const {
    const auto found = shared.store->get({{.text = name, .copy = {}}}, soon());
    return found.front() && *found.front() ? text_of((**found.front()).bytes) : "-";
  }
  std::vector<std::string> findings(const Config& config, const SharedCache& shared,
                                    Clock& by_clock) const {
    std::vector<Finding> found;
    diagnose_shared_cache(config, shared, by_clock, soon(), found);
    std::vector<std::string> lines;
    for (const auto& finding : found) {
      const char* const mark = finding.level == FindingLevel::good     ? "+ "
                               : finding.level == FindingLevel::notice ? "! "
                                                                       : "x ";
      EXPECT_EQ(finding.remedy.empty(), finding.level == FindingLevel::good) << finding.what;
      lines.push_back(mark + finding.what);
    }
    return lines;
  }
  Deadline soon() const { return Deadline{clock->now() + 10s}; }

  const support::TempDirectory directory;
  const std::shared_ptr<Clock> clock = make_system_clock();
  std::vector<Mistake> mistakes;
};

TEST(OpenSharedCache, OpensNoneWhereNoneIsConfigured) {
  World world;

  const auto shared = world.open(world.config(""));

  EXPECT_FALSE(shared);
  EXPECT_EQ(shared.bell, nullptr);
  EXPECT_THAT(world.mistakes, IsEmpty());
}

TEST(OpenSharedCache, SharesValuesThroughRedisWithAPassword) {
  World world;
  const RealServer server(RealServer::Kind::redis, RealServer::Listens::port,
                          {"--requirepass", "open sesame"});
  const auto config = world.config(World::redis(server) +
                                   "sealing_key = \"file:sealing.key\"\n"
                                   "shared_password = \"file:password\"\n");

  const auto one = world.open(config);
  const auto two = world.open(config);

  ASSERT_TRUE(one && two) << testing::PrintToString(world.noted());
  EXPECT_NE(one.bell, nullptr);
  EXPECT_TRUE(world.put(one, "name", "value"));
  EXPECT_EQ(world.get(two, "name"), "value");
}

TEST(OpenSharedCache, SharesValuesThroughMemcached) {
  World world;
  const RealServer server(RealServer::Kind::memcached);
  const RealServer socket(RealServer::Kind::memcached, RealServer::Listens::unix_socket);
  const auto config = world.config(
      "shared = \"memcached://127.0.0.1:" + std::to_string(server.port()) + "," +
      socket.socket_path() + "\"\nshared_timeout = \"5s\"\nsealing_key = \"file:sealing.key\"\n");

  const auto one = world.open(config);
  const auto two = world.open(config);

  ASSERT_TRUE(one && two) << testing::PrintToString(world.noted());
  EXPECT_EQ(one.bell, nullptr);
  EXPECT_EQ(one.store->copies(), 2U);
  for (int each = 0; each < 10; ++each) {
    const std::string name = "name " + std::to_string(each);
    EXPECT_TRUE(world.put(one, name, "value"));
    EXPECT_EQ(world.get(two, name), "value");
  }
}

// Rule C7
TEST(OpenSharedCache, SharesNothingWithWhoHasAnotherKey) {
  World world;
  const RealServer server(RealServer::Kind::redis);
  const std::string cache = World::redis(server);
  const auto old_key = world.open(world.config(cache + "sealing_key = \"file:sealing.key\"\n"));
  const auto new_key = world.open(world.config(cache + "sealing_key = \"file:other.key\"\n"));
  const auto both = world.open(
      world.config(cache + "sealing_key = [\"file:other.key\", \"file:sealing.key\"]\n"));
  ASSERT_TRUE(old_key && new_key && both) << testing::PrintToString(world.noted());

  EXPECT_TRUE(world.put(old_key, "name", "value"));

  EXPECT_EQ(world.get(new_key, "name"), "-");
  EXPECT_EQ(world.get(both, "name"), "value");
}

// Rule R3: "at once" holds while keys are replaced, in whatever order the processes list them.
TEST(OpenSharedCache, RingsForWhoeverHasAKeyInCommon) {
  World world;
  const RealServer server(RealServer::Kind::redis);
  const std::string old_key = "\"file:sealing.key\"";
  const std::string new_key = "\"file:other.key\"";
  const auto open = [&](const std::string& keys) {
    return world.open(world.config(World::redis(server) + "sealing_key = [" + keys + "]\n"));
  };
  std::vector<SharedCache> fleet;
  for (const auto& keys : {old_key, old_key + ", " + new_key, new_key + ", " + old_key, new_key})
    fleet.push_back(open(keys));
  std::vector<std::atomic<int>> heard(fleet.size());
  for (std::size_t each = 0; each < fleet.size(); ++each) {
    ASSERT_TRUE(fleet[each]) << testing::PrintToString(world.noted());
    fleet[each].bell->listen([&heard, each] { return ++heard[each] > 0; });
    const Deadline patience = world.soon();
    while (fleet[each].bell->hearing() != SharedBell::Hearing::listening &&
           !patience.passed(world.clock->now()))
      std::this_thread::yield();
  }

  EXPECT_TRUE(fleet[2].bell->ring(world.soon()).value_or(false));  // who names the new key first
  for (std::size_t each = 0; each < fleet.size(); ++each) {
    EXPECT_GE(heard[each], 2) << each;
    fleet[each].bell->stop();
  }
}

// Rule F4
TEST(OpenSharedCache, NotesEverySecretThatCannotBeUsed) {
  World world;
  world.write("short.key", "vk-seal-1.abc\n");
  world.write("no.key", "hunter2hunter2\n");
  world.write("copy.key", [&] {
    std::ifstream file(world.directory.path() + "/sealing.key");
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }());
  const std::string redis = "shared = \"redis://127.0.0.1:1\"\n";

  EXPECT_FALSE(world.open(world.config(
      redis + "sealing_key = \"file:absent.key\"\nshared_password = \"file:absent\"\n")));
  EXPECT_THAT(world.noted(),
              ElementsAre(AllOf(StartsWith("2: sealing_key: "), HasSubstr("does not exist")),
                          AllOf(StartsWith("3: shared_password: "), HasSubstr("does not exist"))));

  EXPECT_FALSE(
      world.open(world.config(redis + "sealing_key = [\"file:short.key\", \"file:no.key\"]\n")));
  EXPECT_THAT(world.noted(),
              ElementsAre(StartsWith("2: sealing_key: the sealing key is cut short | "),
                          "2: sealing_key: this is not a sealing key | make one with `valetkey "
                          "keygen`"));

  EXPECT_FALSE(world.open(
      world.config(redis + "sealing_key = [\"file:sealing.key\", \"file:copy.key\"]\n")));
  EXPECT_THAT(world.noted(), ElementsAre(StartsWith("2: sealing_key: both sources hold the same")));
}

TEST(OpenSharedCache, NotesAPasswordThatTheServerRefuses) {
  World world;
  const RealServer server(RealServer::Kind::redis, RealServer::Listens::port,
                          {"--requirepass", "another"});
  const std::string cache = World::redis(server) + "sealing_key = \"file:sealing.key\"\n";

  (void)world.open(world.config(cache + "shared_password = \"file:password\"\n"));
  EXPECT_THAT(world.noted(), ElementsAre(AllOf(StartsWith("4: shared: redis 127.0.0.1:"),
                                               HasSubstr("refuses the user or the password"),
                                               Not(HasSubstr("open sesame")))));

  (void)world.open(world.config(cache));
  EXPECT_THAT(world.noted(), ElementsAre(AllOf(StartsWith("1: shared: redis 127.0.0.1:"),
                                               HasSubstr("wants a password"))));
}

// Rule C8: down at the start, one warning, and it recovers by itself.
TEST(OpenSharedCache, OpensWithAServerThatIsAwayAndWarnsOnce) {
  World world;
  RealServer server(RealServer::Kind::redis);
  server.kill();
  std::vector<std::string> warnings;
  set_log(LogLevel::warning, [&](LogLevel, std::string_view line) { warnings.emplace_back(line); });

  const auto shared =
      world.open(world.config(World::redis(server) + "sealing_key = \"file:sealing.key\"\n"));
  const auto while_away = world.get(shared, "name");
  set_log(LogLevel::off, {});

  EXPECT_TRUE(shared);
  EXPECT_THAT(world.mistakes, IsEmpty());
  EXPECT_EQ(while_away, "-");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("; each process fetches its own tokens")));
}

TEST(DiagnoseSharedCache, IsContentWithAGoodServer) {
  World world;
  const RealServer server(RealServer::Kind::redis);
  const auto config = world.config(World::redis(server) + "sealing_key = \"file:sealing.key\"\n");
  const auto shared = world.open(config);
  shared.bell->listen([] { return true; });

  EXPECT_THAT(world.findings(config, shared, *world.clock),
              ElementsAre("+ [cache] redis 127.0.0.1:" + std::to_string(server.port()) + " answers",
                          "+ [cache] our clock agrees with the server's",
                          "+ [cache] a sealed value comes back as it was put",
                          "+ [cache] a revocation reaches the other processes at once"));
  shared.bell->stop();
}

TEST(DiagnoseSharedCache, TellsWhichOfSeveralServersIsAway) {
  World world;
  const RealServer good(RealServer::Kind::memcached);
  RealServer bad(RealServer::Kind::memcached);
  bad.kill();
  const auto config =
      world.config("shared = \"memcached://127.0.0.1:" + std::to_string(bad.port()) +
                   ",127.0.0.1:" + std::to_string(good.port()) +
                   "\"\nshared_timeout = \"5s\"\nsealing_key = "
                   "\"file:sealing.key\"\n");
  const auto shared = world.open(config);

  const auto lines = world.findings(config, shared, *world.clock);

  EXPECT_THAT(
      lines, Contains("+ [cache] memcached 127.0.0.1:" + std::to_string(good.port()) + " answers"));
  EXPECT_THAT(lines, Contains(StartsWith("x [cache] memcached 127.0.0.1:" +
                                         std::to_string(bad.port()) + " is of no use: ")));
  EXPECT_THAT(lines,
              Contains("+ [cache] a revocation reaches the other processes within a second"));
}

TEST(DiagnoseSharedCache, SaysNoMoreOfAServerThatIsAway) {
  World world;
  RealServer server(RealServer::Kind::redis);
  server.kill();
  const auto config = world.config(World::redis(server) + "sealing_key = \"file:sealing.key\"\n");
  const auto shared = world.open(config);

  EXPECT_THAT(world.findings(config, shared, *world.clock),
              ElementsAre(StartsWith("x [cache] redis 127.0.0.1:")));
}

TEST(DiagnoseSharedCache, TellsOfClocksThatDisagree) {
  World world;
  const RealServer server(RealServer::Kind::redis);
  const auto config = world.config(World::redis(server) + "sealing_key = \"file:sealing.key\"\n");
  const auto shared = world.open(config);
  support::WrongWallClock late(-100s);

  EXPECT_THAT(world.findings(config, shared, late),
              Contains("! [cache] our clock is 100 s behind the server's"));
}

TEST(DiagnoseSharedCache, TellsOfAServerThatDoesNotLetUsListen) {
  World world;
  const RealServer server(RealServer::Kind::redis);
  EXPECT_EQ(server.ask("ACL SETUSER default -subscribe\r\n"), "+OK\r\n");
  const auto config = world.config(World::redis(server) + "sealing_key = \"file:sealing.key\"\n");
  const auto shared = world.open(config);

  shared.bell->listen([] { return true; });
  const auto lines = world.findings(config, shared, *world.clock);
  shared.bell->stop();

  EXPECT_THAT(lines, Contains("! [cache] a revocation reaches the other processes within a second "
                              "and not at once: the server does not let us listen"));
}

// Rule S3: said, and not refused.
TEST(DiagnoseSharedCache, TellsOfAPasswordThatCrossesTheNetwork) {
  World world;
  const RealServer server(RealServer::Kind::redis, RealServer::Listens::port,
                          {"--requirepass", "open sesame"});
  const auto config =
      world.config("shared = \"redis://0.0.0.0:" + std::to_string(server.port()) +
                   "\"\nshared_timeout = \"5s\"\nsealing_key = \"file:sealing.key\"\n"
                   "shared_password = \"file:password\"\n");
  const auto shared = world.open(config);

  EXPECT_THAT(world.findings(config, shared, *world.clock),
              Contains(StartsWith("! [cache] shared_password crosses the network unencrypted")));
}

}  // namespace
}  // namespace valetkey::api
