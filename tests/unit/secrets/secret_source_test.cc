// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <sstream>
#include <thread>

#include "scratch.h"
#include "secrets/private_file.h"
#include "support/fake_clock.h"

namespace valetkey::secrets {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<SecretSource> source_of(const std::string& text) {
  auto ref = parse_secret_ref(text, "/");
  EXPECT_TRUE(ref) << text;
  return make_source(*ref, make_system_clock());
}

Result<Secret> load(const std::string& text) {
  return source_of(text)->load(deadline_in(1min));
}

std::string own_environment() {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  return (std::ostringstream() << file.rdbuf()).str();
}

// Rule S6
TEST(FileSource, ReadsTheFileAnewEachTime) {
  const Scratch scratch;
  const auto path = scratch.write("secret", "first\n");
  const auto source = source_of("file:" + path);
  EXPECT_EQ(text_of(*source->load(deadline_in(1min))), "first");

  ASSERT_TRUE(save_private_file(path, Secret("second")));

  EXPECT_EQ(text_of(*source->load(deadline_in(1min))), "second");
  EXPECT_EQ(source->description(), "file:" + path);
}

// Rule S2
TEST(EnvSource, RemovesTheVariableAndRemembersIt) {
  setenv("VALETKEY_TEST_ONE", "word-one", 1);

  const auto source = source_of("env:VALETKEY_TEST_ONE");

  EXPECT_EQ(getenv("VALETKEY_TEST_ONE"), nullptr);
  EXPECT_EQ(text_of(*source->load(deadline_in(1min))), "word-one");
  EXPECT_EQ(text_of(*source->load(deadline_in(1min))), "word-one");
  EXPECT_EQ(text_of(*load("env:VALETKEY_TEST_ONE")), "word-one");
}

// Rule S6
TEST(EnvSource, TakesAValueThatWasSetSince) {
  setenv("VALETKEY_TEST_TWO", "old", 1);
  const auto source = source_of("env:VALETKEY_TEST_TWO");

  setenv("VALETKEY_TEST_TWO", "new", 1);

  EXPECT_EQ(text_of(*source->load(deadline_in(1min))), "new");
  EXPECT_EQ(getenv("VALETKEY_TEST_TWO"), nullptr);
}

/// Runs the test again in a process that is started with this environment; its exit status.
int rerun_with(const char* test, const char* variable) {
  const pid_t child = fork();
  if (child == 0) {
    const std::string filter = std::string("--gtest_filter=") + test;
    execle("/proc/self/exe", "secrets_tests", filter.c_str(), nullptr,
           std::array<const char*, 3>{variable, "PATH=/bin", nullptr}.data());
    _exit(127);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// Rules S2, S3
TEST(EnvSource, WipesTheBytesThatTheProcessWasStartedWith) {
  if (getenv("VALETKEY_TEST_STARTED") == nullptr) {
    EXPECT_EQ(rerun_with("EnvSource.WipesTheBytesThatTheProcessWasStartedWith",
                         "VALETKEY_TEST_STARTED=word-of-start"),
              0);
    return;
  }
  ASSERT_THAT(own_environment(), HasSubstr("word-of-start"));

  const auto loaded = load("env:VALETKEY_TEST_STARTED");

  EXPECT_EQ(text_of(*loaded), "word-of-start");
  EXPECT_THAT(own_environment(), Not(HasSubstr("word-of-start")));
}

TEST(EnvSource, LeavesALiteralOfTheHostAloneThatCannotBeWiped) {
  static const char literal[] = "VALETKEY_TEST_LITERAL=fixed";  // in a page that nobody may write
  ASSERT_EQ(putenv(const_cast<char*>(literal)), 0);

  const auto source =
      make_source({.kind = SourceKind::env, .place = "VALETKEY_TEST_LITERAL"}, make_system_clock());
  const auto secret = source->load(deadline_in(std::chrono::seconds(5)));

  EXPECT_TRUE(secret);
  EXPECT_EQ(getenv("VALETKEY_TEST_LITERAL"), nullptr);
}

TEST(EnvSource, SaysWhatIsWrong) {
  setenv("VALETKEY_TEST_EMPTY", "", 1);
  setenv("VALETKEY_TEST_ODD", "wo\x01rd-secret", 1);

  EXPECT_THAT(load("env:VALETKEY_TEST_ABSENT").error().context,
              HasSubstr("VALETKEY_TEST_ABSENT is not set"));
  EXPECT_THAT(load("env:VALETKEY_TEST_EMPTY").error().context, HasSubstr("is empty"));
  EXPECT_THAT(load("env:VALETKEY_TEST_ODD").error().context,
              AllOf(HasSubstr("control characters"), Not(HasSubstr("rd-secret"))));
}

TEST(CredentialSource, ReadsFromTheCredentialsDirectory) {
  const Scratch scratch;
  scratch.write("box", "word\n", 0440);  // how systemd's access list shows
  setenv("CREDENTIALS_DIRECTORY", scratch.path("").c_str(), 1);

  EXPECT_EQ(text_of(*load("credential:box")), "word");
  EXPECT_THAT(load("credential:other").error().hint, HasSubstr("LoadCredential=other:"));
  scratch.write("open", "word\n", 0444);
  EXPECT_FALSE(load("credential:open"));

  unsetenv("CREDENTIALS_DIRECTORY");
  const auto without = load("credential:box");
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().context, HasSubstr("CREDENTIALS_DIRECTORY is not set"));
  EXPECT_THAT(without.error().hint, HasSubstr("systemd"));
}

TEST(CommandSource, TakesWhatTheProgramPrints) {
  EXPECT_EQ(text_of(*load("command:printf word\\n")), "word");
  EXPECT_EQ(text_of(*load("command:echo 'a  b' \"c\"")), "a  b c");
  EXPECT_EQ(text_of(*load("command:echo $HOME ; *")), "$HOME ; *");   // no shell reads it
  EXPECT_EQ(text_of(*load("command:sh -c 'cat; echo end'")), "end");  // nothing to read
}

// Rule S3
TEST(CommandSource, SeesNoVariableThatIsASecretSource) {
  setenv("VALETKEY_TEST_HIDDEN", "hidden-word", 1);
  const auto hidden = source_of("env:VALETKEY_TEST_HIDDEN");

  const auto seen = load("command:env");

  ASSERT_TRUE(seen);
  EXPECT_THAT(text_of(*seen), AllOf(HasSubstr("PATH="), Not(HasSubstr("hidden-word"))));
}

TEST(CommandSource, InheritsNoDescriptor) {
  const Scratch scratch;
  const int opened = open(scratch.write("open", "x").c_str(), O_RDONLY);
  const int leaked = fcntl(opened, F_DUPFD, 200);  // above what a shell opens for itself

  const auto seen = load("command:sh -c 'for fd in /proc/$$/fd/*; do echo ${fd##*/}; done'");
  close(leaked);
  close(opened);

  ASSERT_TRUE(seen);
  EXPECT_THAT(text_of(*seen) + "\n", Not(HasSubstr("\n" + std::to_string(leaked) + "\n")));
}

// Rules S3, F3
TEST(CommandSource, SaysWhyItFailedAndNeverWhatItPrinted) {
  const auto expect = [](const std::string& command, const std::string& words) {
    const auto loaded = load("command:" + command);
    ASSERT_FALSE(loaded) << command;
    EXPECT_EQ(loaded.error().code, Errc::secret_unavailable) << command;
    EXPECT_THAT(loaded.error().context, AllOf(HasSubstr(words), Not(HasSubstr("leak-me"))));
    EXPECT_THAT(loaded.error().hint, Not(HasSubstr("leak-me")));
  };

  expect("sh -c 'echo leak-me; exit 3'", "the program sh failed with exit status 3");
  expect("sh -c 'echo leak-me; echo leak-me >&2; kill -9 $$'", "was ended by signal 9");
  expect("/no/such/program leak-me", "/no/such/program does not exist");
  expect("/etc/passwd leak-me", "cannot be started");
  expect("true leak-me", "is empty");
  expect("printf leak-me\\001", "control characters");
}

// Rule F2
TEST(CommandSource, BoundsWhatAProgramPrints) {
  const auto loaded = load("command:yes leak-me");

  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().context,
              AllOf(HasSubstr("printed more than 64 KiB"), Not(HasSubstr("leak-me"))));
}

/// Neither gone nor a zombie that init has not seen yet.
bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  return !line.empty() && !line.contains(") Z") && !line.contains(") X");
}

// Rule F1
TEST(CommandSource, KillsTheWholeGroupAtTheDeadline) {
  const Scratch scratch;
  const auto pids = scratch.path("pids");
  auto clock = std::make_shared<support::FakeClock>();
  const auto ref = parse_secret_ref("command:sh -c 'sleep 1000 & echo $! $$ >" + pids +
                                        ".part; mv " + pids + ".part " + pids + "; exec >&-; wait'",
                                    "/");
  const auto source = make_source(*ref, clock);
  std::optional<Errc> code;

  std::thread loading([&] {
    auto loaded = source->load(Deadline{clock->now() + 1h});
    if (!loaded) code = loaded.error().code;
  });
  while (!std::filesystem::exists(pids))
    std::this_thread::yield();
  clock->advance(2h);
  loading.join();

  EXPECT_EQ(code, Errc::timed_out);
  std::ifstream file(pids);
  for (pid_t pid = 0; file >> pid;) {
    while (is_alive(pid))
      std::this_thread::yield();  // the signal is on its way
  }
}

TEST(CommandSource, EndsWhenTheProgramEndsAlthoughAChildHoldsItsOutput) {
  const auto loaded = load("command:sh -c 'sleep 30 & echo word'");

  ASSERT_TRUE(loaded);
  EXPECT_EQ(text_of(*loaded), "word");
}

}  // namespace
}  // namespace valetkey::secrets
