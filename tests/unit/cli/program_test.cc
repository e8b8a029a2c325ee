// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <utility>

#include "cli/exit_code.h"

namespace valetkey::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Ran {
  int exit_code = -1;
  std::string out{};
  std::string err{};
};

Ran run_with(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "valetkey");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  {
    Console console;
    CommandLine command_line;
    ran.exit_code = command_line.run(static_cast<int>(arguments.size()), arguments.data(), console);
  }
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

TEST(CommandLine, ShowsItsVersion) {
  const Ran ran = run_with({"--version"});

  EXPECT_EQ(ran.exit_code, exit_done);
  EXPECT_THAT(ran.out, StartsWith("valetkey "));
}

TEST(CommandLine, ShowsTheHelpOfTheSubcommandThatIsNamed) {
  const Ran whole = run_with({"--help"});
  const Ran token = run_with({"token", "--help"});

  EXPECT_THAT(whole.out, StartsWith("usage: valetkey [OPTIONS] SUBCOMMAND"));
  EXPECT_THAT(token.out, StartsWith("usage: valetkey token"));
  EXPECT_EQ(token.exit_code, exit_done);
}

TEST(CommandLine, RefusesAnUnknownSubcommandAndNamesTheNearest) {
  const Ran ran = run_with({"tokn"});

  EXPECT_EQ(ran.exit_code, exit_usage);
  EXPECT_EQ(ran.err,
            "valetkey: error: unknown subcommand tokn\nvaletkey: hint: did you mean token?\n");
}

TEST(CommandLine, RefusesAnUnknownOptionAndNamesTheNearest) {
  const Ran ran = run_with({"token", "--scop", "item_download"});

  EXPECT_EQ(ran.exit_code, exit_usage);
  EXPECT_EQ(ran.err,
            "valetkey: error: unknown option --scop\nvaletkey: hint: did you mean --scope?\n");
}

TEST(CommandLine, BlamesTheMistypedOptionAndNotWhatIsMissingForIt) {
  const Ran ran = run_with({"call", "--heade", "GET"});

  EXPECT_THAT(ran.err, HasSubstr("unknown option --heade\n"));
  EXPECT_THAT(ran.err, HasSubstr("--header"));
}

TEST(CommandLine, RefusesToDoNothing) {
  const Ran ran = run_with({});

  EXPECT_EQ(ran.exit_code, exit_usage);
  EXPECT_THAT(ran.err, HasSubstr("say what to do"));
}

TEST(CommandLine, RefusesASecondSubcommand) {
  const Ran ran = run_with({"status", "doctor"});

  EXPECT_EQ(ran.exit_code, exit_usage);
  EXPECT_THAT(ran.err, HasSubstr("unknown argument doctor"));
}

TEST(CommandLine, SpeaksInItsOwnVoiceOfWhatTheParserFound) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"token", "--scope"},
                                             {"token", "--timeout", "soon"},
                                             {"token", "--log-level", "loud"},
                                             {"token", "--user", "1", "--enterprise"},
                                             {"token", "--config", ""},
                                             {"token", "--enterprise", ""},
                                             {"call", "GET"}}) {
    const Ran ran = run_with(arguments);

    EXPECT_EQ(ran.exit_code, exit_usage);
    EXPECT_THAT(ran.err, StartsWith("valetkey: error: "));
    EXPECT_THAT(ran.err, HasSubstr("\nvaletkey: hint: see `valetkey " + std::string(arguments[0])));
  }
}

TEST(CommandLine, TakesTheConfigurationBeforeOrAfterTheSubcommand) {
  const Ran before = run_with({"--config", "/nowhere/valetkey.toml", "status"});
  const Ran after = run_with({"status", "--config", "/nowhere/valetkey.toml"});

  EXPECT_EQ(before.exit_code, exit_usage);
  EXPECT_THAT(before.err, HasSubstr("/nowhere/valetkey.toml"));
  EXPECT_EQ(after.err, before.err);
}

TEST(CommandLine, LeavesWhatFollowsTheMarkToTheProgramThatIsRun) {
  const Ran ran = run_with({"exec", "--full", "--", "/nowhere/program", "--config", "-x"});

  EXPECT_EQ(ran.exit_code, 127);
  EXPECT_THAT(ran.err, HasSubstr("/nowhere/program: not found"));
}

TEST(CommandLine, AsksForTheMarkWhereAProgramsOptionIsTakenForOurs) {
  const Ran ran = run_with({"exec", "--full", "ls", "-l"});

  EXPECT_EQ(ran.exit_code, exit_usage);
  EXPECT_THAT(ran.err, HasSubstr("write -- before the program to run"));
}

TEST(CommandLine, PrintsManualPagesAndCompletionsWithoutAConfiguration) {
  EXPECT_THAT(run_with({"man", "exec"}).out, StartsWith(".TH valetkey\\-exec 1"));
  EXPECT_EQ(run_with({"man", "nonsense"}).exit_code, exit_usage);
  EXPECT_THAT(run_with({"completion", "bash"}).out, HasSubstr("complete "));
  EXPECT_EQ(run_with({"completion", "tcsh"}).exit_code, exit_usage);
}

}  // namespace
}  // namespace valetkey::cli
