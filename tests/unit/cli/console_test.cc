// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

namespace valetkey::cli {
namespace {

std::string complaint_of(const Error& error) {
  testing::internal::CaptureStderr();
  Console().complain(error);
  return testing::internal::GetCapturedStderr();
}

TEST(Console, TellsAnErrorWithItsHint) {
  EXPECT_EQ(complaint_of({.code = Errc::unreachable, .context = "no answer", .hint = "try later"}),
            "valetkey: error: no answer\nvaletkey: hint: try later\n");
}

// Rule F4
TEST(Console, TellsEveryMistakeOfAConfigurationWithItsPlaceAndRemedy) {
  const Error error{.code = Errc::misconfigured,
                    .context = "both",
                    .mistakes = {{"a.toml", 3, "grant is missing", "write grant"},
                                 {"a.toml", 0, "cannot be read", ""}}};

  EXPECT_EQ(complaint_of(error),
            "valetkey: error: a.toml:3: grant is missing\nvaletkey: hint: write grant\n"
            "valetkey: error: a.toml: cannot be read\n");
}

TEST(Console, WritesPlainTextWhereThereIsNoTerminal) {
  testing::internal::CaptureStdout();
  const Console console;

  EXPECT_EQ(console.coloured("done", Colour::green), "done");

  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(Console, KeepsTheExitCodeWhenAllWasWritten) {
  testing::internal::CaptureStdout();
  Console console;

  console.write("all");

  EXPECT_EQ(testing::internal::GetCapturedStdout(), "all");
  EXPECT_EQ(console.finish(3), 3);
}

}  // namespace
}  // namespace valetkey::cli
