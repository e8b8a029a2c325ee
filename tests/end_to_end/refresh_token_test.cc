// SPDX-License-Identifier: Apache-2.0
// A person's sign-in that lives in a file: each use of the refresh token in it brings the next one,
// and none is ever lost. At a certified server, where a second use ends the sign-in, and at the
// emulator, where the old one dies when the new access token is first used, as at Box.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/curl_transport.h"
#include "support/certified_server.h"
#include "support/emulated_world.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::CertifiedServer;
using support::EmulatedWorld;
using support::text_of_file;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uid_t nobody = 65534;

Deadline soon() {
  return deadline_in(30s);
}

std::string code_of(const Result<AccessToken>& token) {
  return token ? "token" : std::string(name_of(token.error().code));
}

std::string token_file(const CertifiedServer& server) {
  return server.directory.path() + "/refresh_token.token";
}

/// How many of `rounds` starts of a program in a row get no token.
int failures_of(const CertifiedServer& server, int rounds) {
  int failures = 0;
  for (int round = 0; round < rounds; ++round) {
    auto client = server.open("refresh_token");
    failures += client.token({}, soon()) ? 0 : 1;
  }
  return failures;
}

/// The emulator, and a configuration that lives on a refresh token of its admin.
struct SignedInWorld : EmulatedWorld {
  explicit SignedInWorld(emulator::Options options = {}) : EmulatedWorld(std::move(options)) {
    const auto code = emulator->authorization_code({});
    EXPECT_TRUE(code);
    HttpRequest request;
    request.method = "POST";
    request.url = emulator->facts().base_url + "/oauth2/token";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    SecretBuilder form;
    form.append("grant_type=authorization_code&client_id=" + emulator->facts().client_id);
    form.append("&client_secret=").append(emulator->client_secret());
    form.append("&code=").append(*code);
    request.body = form.take();
    http::CurlTransport transport({.clock = make_system_clock()});
    const auto answer = transport.send(request, soon());
    EXPECT_TRUE(answer && answer->status == 200);
    file = directory.write("refresh", answer->body.reveal([](std::string_view body) {
      return std::string(boost::json::parse(body).at("refresh_token").as_string());
    }));
  }

  Client open(ClientParts parts = {}) const {
    auto config = load_config(directory.path() + "/valetkey.toml");
    EXPECT_TRUE(config);
    auto& provider = config->providers[0];
    provider.grant = "refresh_token";
    provider.enterprise_id = "";
    provider.refresh_token = "file:refresh";
    auto client = Client::make(std::move(*config), std::move(parts));
    EXPECT_TRUE(client) << (client ? "" : client.error().context);
    return std::move(*client);
  }

  int whoami(Client& client) const {
    const auto answer = client.call(support::call_with({}, "GET", "/2.0/users/me"), soon());
    EXPECT_TRUE(answer) << (answer ? "" : describe(answer.error()));
    return answer ? answer->status : 0;
  }

  std::string file;
};

/// Looks at a file whenever the API is about to see a token.
class WatchingTransport final : public Transport {
 public:
  explicit WatchingTransport(std::string file) : file_(std::move(file)) {}
  Result<HttpResponse> send(const HttpRequest& request, Deadline deadline) override {
    if (request.url.find("/2.0/") != std::string::npos) seen = text_of_file(file_);
    return real_.send(request, deadline);
  }
  std::string seen;

 private:
  const std::string file_;
  http::CurlTransport real_{{.clock = make_system_clock()}};
};

/// Lets this process write nothing to any file while it lives.
class FullDisk {
 public:
  FullDisk() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit nothing{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &nothing);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

/// Takes the right to write into a directory away. Root has it always, so it is nobody meanwhile.
class ReadOnly {
 public:
  ReadOnly(std::string directory, std::string file)
      : directory_(std::move(directory)), file_(std::move(file)), was_root_(::geteuid() == 0) {
    ::chmod(directory_.c_str(), 0500);
    if (!was_root_) return;
    give_to(nobody);
    EXPECT_EQ(::seteuid(nobody), 0);
  }
  ~ReadOnly() {
    if (was_root_) {
      EXPECT_EQ(::seteuid(0), 0);
      give_to(0);
    }
    ::chmod(directory_.c_str(), 0700);
  }

 private:
  void give_to(uid_t user) const {
    for (const auto& path : {directory_, file_}) {
      EXPECT_EQ(::chown(path.c_str(), user, user), 0);
    }
  }

  const std::string directory_;
  const std::string file_;
  const bool was_root_;
};

/// Lets the disk fill up when the answer to a refresh is there.
class FillingTransport final : public Transport {
 public:
  Result<HttpResponse> send(const HttpRequest& request, Deadline deadline) override {
    auto response = real_.send(request, deadline);
    const bool is_refresh = request.body.reveal([](std::string_view body) {
      return body.find("grant_type=refresh_token") != std::string_view::npos;
    });
    if (is_refresh && !has_filled_.exchange(true)) full.emplace();
    return response;
  }
  std::optional<FullDisk> full;

 private:
  std::atomic<bool> has_filled_{false};
  http::CurlTransport real_{{.clock = make_system_clock()}};
};

TEST(RefreshToken, TheNextOneIsInTheFileAndIsTheOneThatIsUsed) {
  const CertifiedServer server;
  const auto first = text_of_file(token_file(server));

  EXPECT_EQ(failures_of(server, 1), 0);
  const auto second = text_of_file(token_file(server));
  EXPECT_EQ(failures_of(server, 1), 0);
  const auto third = text_of_file(token_file(server));

  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  struct stat seen {};
  ASSERT_EQ(::stat(token_file(server).c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600U);
}

// RFC 6749 §6
TEST(RefreshToken, BringsNoMoreThanTheScopesAskedFor) {
  const CertifiedServer server;
  auto client = server.open("refresh_token");

  const auto narrow = client.token({.scopes = {"api:read"}}, soon());
  const auto full = client.token({}, soon());

  ASSERT_TRUE(narrow && full);
  const auto told = client.introspect(*narrow, soon());
  const auto told_of_full = client.introspect(*full, soon());
  ASSERT_TRUE(told && told_of_full);
  EXPECT_THAT(told->scopes, ElementsAre("api:read"));
  EXPECT_THAT(told_of_full->scopes, ElementsAre("api:read", "api:write"));
}

// RFC 7009 §2.1: this server takes the refresh token back together with the access token.
TEST(RefreshToken, RevokingTheAccessTokenEndsTheSignInAndTheErrorSaysWhatToDo) {
  const CertifiedServer server;
  auto client = server.open("refresh_token");
  const auto token = client.token({}, soon());
  ASSERT_TRUE(token);

  const auto report = client.revoke(*token, soon());
  const auto next = client.token({}, soon());

  ASSERT_TRUE(report);
  EXPECT_EQ(report->delivered, 1U);
  EXPECT_EQ(code_of(next), "invalid_grant");
  EXPECT_EQ(remedy_for(next.error().code), Remedy::sign_in_again);
}

TEST(RefreshToken, SurvivesALookForTrouble) {
  const CertifiedServer server;
  auto client = server.open("refresh_token");

  for (const auto& finding : client.diagnose(soon()))
    EXPECT_NE(finding.level, FindingLevel::problem) << finding.what;

  EXPECT_EQ(failures_of(server, 1), 0);
}

TEST(RefreshToken, ASpentOneIsAnErrorThatSaysToSignInAgain) {
  const CertifiedServer server;
  const auto first = text_of_file(token_file(server));
  EXPECT_EQ(failures_of(server, 1), 0);
  server.directory.write("refresh_token.token", first);
  auto client = server.open("refresh_token");

  const auto token = client.token({}, soon());

  EXPECT_EQ(code_of(token), "invalid_grant");
  EXPECT_EQ(remedy_for(token.error().code), Remedy::sign_in_again);
  EXPECT_THAT(token.error().hint, HasSubstr("sign in again"));
}

TEST(RefreshToken, TwoClientsOfOneProcessNeverSpendTheSameOne) {
  const CertifiedServer server;
  std::atomic<int> failures{0};
  std::vector<std::thread> programs;
  for (int program = 0; program < 4; ++program)
    programs.emplace_back([&] { failures += failures_of(server, 5); });
  for (auto& program : programs)
    program.join();

  EXPECT_EQ(failures, 0);
  EXPECT_EQ(failures_of(server, 1), 0);
}

TEST(RefreshToken, AFileOfTwoNamesHasOneLock) {
  const CertifiedServer server;
  const auto link = server.directory.path() + "/link";
  ASSERT_EQ(::symlink(token_file(server).c_str(), link.c_str()), 0);
  std::atomic<int> failures{0};
  std::vector<std::thread> programs;
  for (const auto* const name : {"refresh_token.token", "link"}) {
    programs.emplace_back([&, name] {
      for (int round = 0; round < 5; ++round) {
        auto config = server.config("refresh_token");
        config.providers[0].refresh_token = "file:" + std::string(name);
        failures += CertifiedServer::open(std::move(config)).token({}, soon()) ? 0 : 1;
      }
    });
  }
  for (auto& program : programs)
    program.join();

  EXPECT_EQ(failures, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(RefreshToken, TwoProcessesNeverSpendTheSameOne) {
  const CertifiedServer server;
  std::vector<pid_t> programs;
  for (int program = 0; program < 3; ++program) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(failures_of(server, 5));
    programs.push_back(child);
  }

  for (const pid_t program : programs) {
    int status = -1;
    EXPECT_EQ(::waitpid(program, &status, 0), program);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(failures_of(server, 1), 0);
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(RefreshToken, AFullDiskIsFoundBeforeTheOldOneIsSpent) {
  const CertifiedServer server;
  auto runs = server.open("refresh_token");
  ASSERT_EQ(code_of(runs.token({}, soon())), "token");
  auto newcomer = server.open("refresh_token");
  {
    const FullDisk full;

    const auto wanting = newcomer.token({}, deadline_in(3s));
    const auto held = runs.token({}, soon());

    EXPECT_EQ(code_of(wanting), "exhausted");
    EXPECT_THAT(wanting.error().hint, HasSubstr("make room"));
    EXPECT_TRUE(held);
  }
  EXPECT_EQ(newcomer.status().counters.token_requests, 0U);
  EXPECT_EQ(failures_of(server, 2), 0);
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(RefreshToken, IsKeptInMemoryWhenTheDiskFillsUpBehindTheOldOne) {
  const CertifiedServer server;
  auto transport = std::make_shared<FillingTransport>();
  auto client = server.open("refresh_token", {.transport = transport});

  const auto token = client.token({}, deadline_in(3s));
  transport->full.reset();

  EXPECT_EQ(code_of(token), "exhausted");
  EXPECT_EQ(code_of(client.token({}, soon())), "token");
  EXPECT_EQ(failures_of(server, 1), 0);
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(RefreshToken, AReadOnlyDirectoryIsFoundBeforeTheOldOneIsSpent) {
  const CertifiedServer server;
  for (const bool has_lock : {false, true}) {
    SCOPED_TRACE(has_lock);
    auto client = server.open("refresh_token");
    {
      const ReadOnly directory(server.directory.path(), token_file(server));

      const auto token = client.token({}, deadline_in(3s));

      EXPECT_EQ(code_of(token), "misconfigured");
      EXPECT_THAT(token.error().context, HasSubstr("refresh_token.token"));
      EXPECT_FALSE(token.error().hint.empty());
    }
    EXPECT_EQ(client.status().counters.token_requests, 0U);
    EXPECT_EQ(failures_of(server, 1), 0);
  }
}

// Rules F4, S2
TEST(RefreshToken, AFileThatTheGroupMayReadIsRefusedAtTheStartAndLater) {
  const CertifiedServer server;
  auto runs = server.open("refresh_token");
  ASSERT_EQ(::chmod(token_file(server).c_str(), 0640), 0);

  const auto started = Client::make(server.config("refresh_token"));
  const auto token = runs.token({}, soon());

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::misconfigured);
  ASSERT_EQ(started.error().mistakes.size(), 1U);
  EXPECT_NE(started.error().mistakes[0].line, 0U);
  EXPECT_THAT(started.error().mistakes[0].remedy, HasSubstr("chmod 600"));
  EXPECT_EQ(code_of(token), "secret_unavailable");
  EXPECT_EQ(runs.status().counters.token_requests, 0U);
}

TEST(BoxRefreshToken, TheNextOneIsOnDiskBeforeTheAccessTokenIsUsed) {
  SignedInWorld world;
  const auto first = text_of_file(world.file);
  auto transport = std::make_shared<WatchingTransport>(world.file);
  auto client = world.open({.transport = transport});

  EXPECT_EQ(world.whoami(client), 200);

  EXPECT_NE(transport->seen, first);
  EXPECT_EQ(transport->seen, text_of_file(world.file));
  auto next = world.open();
  EXPECT_EQ(world.whoami(next), 200);
}

TEST(BoxRefreshToken, AnAnswerThatWasLostAfterTheCommitLosesNothing) {
  SignedInWorld world;
  world.fault(R"({"close":"after"})", 2);
  auto client = world.open();

  EXPECT_EQ(world.whoami(client), 200);

  EXPECT_EQ(client.status().counters.token_requests, 3U);
  auto next = world.open();
  EXPECT_EQ(world.whoami(next), 200);
}

TEST(BoxRefreshToken, AProgramThatDiedBeforeItWroteTheNextOneIsGivenTheSamePairAgain) {
  SignedInWorld world;
  const auto first = text_of_file(world.file);
  auto died = world.open();
  const auto lost = died.token({}, soon());
  const auto second = text_of_file(world.file);
  world.directory.write("refresh", first);

  auto client = world.open();
  const auto token = client.token({}, soon());

  ASSERT_TRUE(lost && token);
  EXPECT_EQ(token->fingerprint(), lost->fingerprint());
  EXPECT_EQ(text_of_file(world.file), second);
  EXPECT_EQ(world.whoami(client), 200);
}

TEST(BoxRefreshToken, IsNotSpentWhenTheDiskIsFull) {
  SignedInWorld world({.strict_refresh = true});
  auto client = world.open();
  {
    const FullDisk full;

    EXPECT_EQ(code_of(client.token({}, deadline_in(3s))), "exhausted");
  }

  auto next = world.open();
  EXPECT_EQ(world.whoami(next), 200);
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(BoxRefreshToken, IsStillGoodWhenItsSuccessorCouldNotBeSaved) {
  SignedInWorld world;
  auto transport = std::make_shared<FillingTransport>();
  auto client = world.open({.transport = transport});

  const auto token = client.token({}, deadline_in(3s));
  transport->full.reset();

  EXPECT_EQ(code_of(token), "exhausted");
  auto next = world.open();
  EXPECT_EQ(world.whoami(next), 200);
}

TEST(BoxRefreshToken, SurvivesALookForTrouble) {
  SignedInWorld world;
  auto client = world.open();

  for (const auto& finding : client.diagnose(soon()))
    EXPECT_NE(finding.level, FindingLevel::problem) << finding.what;

  EXPECT_EQ(world.whoami(client), 200);
  auto next = world.open();
  EXPECT_EQ(world.whoami(next), 200);
}

}  // namespace
}  // namespace valetkey
