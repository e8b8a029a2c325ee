// SPDX-License-Identifier: Apache-2.0
#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace valetkey::cli {
namespace {

ChildCommand shell(const std::string& script) {
  return {.path = "/bin/sh",
          .arguments = {"sh", "-c", script},
          .environment = {"PATH=/usr/bin:/bin"},
          .secret_entry = Secret("TOKEN=word"),
          .descriptors = {0, 1, 2}};
}

TEST(ChildProcess, HandsBackTheProgramsExitStatus) {
  const SignalRelay relay;

  EXPECT_EQ(run_child(shell("exit 7")), 7);
  EXPECT_EQ(run_child(shell("true")), 0);
}

TEST(ChildProcess, HandsBackTheSignalThatEndedTheProgram) {
  const SignalRelay relay;

  EXPECT_EQ(run_child(shell("kill -KILL $$")), 128 + SIGKILL);
}

TEST(ChildProcess, PutsTheSecretIntoTheProgramsEnvironment) {
  const SignalRelay relay;

  EXPECT_EQ(run_child(shell("test \"$TOKEN\" = word")), 0);
}

TEST(ChildProcess, PassesASignalOnToTheProgram) {
  const SignalRelay relay;

  // The program asks its parent to be signalled; the relay sends it back.
  const auto ended = run_child(shell("trap 'exit 42' TERM; kill -TERM $PPID; while :; do :; done"));

  EXPECT_EQ(ended, 42);
}

TEST(ChildProcess, EndsByASignalThatCameBeforeItBegan) {
  const SignalRelay relay;
  ::raise(SIGTERM);

  EXPECT_EQ(run_child(shell("exit 0")), 128 + SIGTERM);
}

TEST(ChildProcess, DiesOfABrokenPipeAlthoughWeDoNot) {
  ::signal(SIGPIPE, SIG_IGN);
  const SignalRelay relay;

  const auto ended = run_child(shell("kill -PIPE $$; exit 0"));

  EXPECT_EQ(ended, 128 + SIGPIPE);
}

// Rule S3
TEST(ChildProcess, InheritsNoDescriptorOfOurs) {
  const SignalRelay relay;
  const auto before = open_descriptors();
  const int ours = ::open("/dev/null", O_RDONLY);
  ChildCommand command = shell("test ! -e /proc/self/fd/" + std::to_string(ours));
  command.descriptors = before;

  EXPECT_EQ(run_child(command), 0);

  ::close(ours);
}

TEST(ChildProcess, SaysThatAFileIsNoProgram) {
  const SignalRelay relay;
  ChildCommand command = shell("");
  command.path = "/nowhere/program";

  const auto ended = run_child(command);

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::invalid_argument);
}

TEST(ProgramSearch, LooksInPathAsAShellDoes) {
  EXPECT_EQ(find_program("sh").exit_code, 0);
  EXPECT_EQ(find_program("/bin/sh").path, "/bin/sh");
  EXPECT_EQ(find_program("no-program-of-this-name").exit_code, exit_not_found);
  EXPECT_EQ(find_program("./no-program-of-this-name").exit_code, exit_not_found);
}

TEST(ProgramSearch, TellsAbsentFromNotExecutable) {
  const auto path = std::filesystem::path(testing::TempDir()) / "cli_not_executable";
  std::ofstream(path) << "text";

  EXPECT_EQ(find_program(path.string()).exit_code, exit_not_runnable);
  EXPECT_EQ(find_program("/tmp/").exit_code, exit_not_runnable);

  std::filesystem::remove(path);
}

}  // namespace
}  // namespace valetkey::cli
