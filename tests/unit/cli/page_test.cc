// SPDX-License-Identifier: Apache-2.0
// Help, manual pages and completion say the same, because they are read from the same tables.
#include "cli/page.h"

#include "cli/completion_script.h"
#include "cli/program.h"

namespace valetkey::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<Page> pages_of(const CommandLine& command_line) {
  std::vector<Page> pages = {page_of(command_line.app())};
  for (const auto& row : all_subcommands()) {
    pages.push_back(page_of(*command_line.app().get_subcommand(std::string(row.name))));
  }
  return pages;
}

TEST(Page, OfEachSubcommandSaysWhatItDoesWithAnExample) {
  const CommandLine command_line;

  for (const auto& page : pages_of(command_line)) {
    EXPECT_FALSE(page.summary.empty()) << page.name;
    EXPECT_FALSE(page.about.empty()) << page.name;
    EXPECT_FALSE(page.examples.empty()) << page.name;
    for (const auto& option : page.options)
      EXPECT_FALSE(option.text.empty()) << page.name;
  }
}

TEST(Page, OfTheCommandListsEverySubcommand) {
  const CommandLine command_line;

  const std::string help = format_help(page_of(command_line.app()));

  for (const auto& row : all_subcommands())
    EXPECT_THAT(help, HasSubstr(std::string(row.name)));
}

TEST(Help, FitsATerminalOfHundredColumns) {
  const CommandLine command_line;

  for (const auto& page : pages_of(command_line)) {
    std::string line;
    for (const char letter : format_help(page)) {
      if (letter != '\n') {
        line += letter;
        continue;
      }
      EXPECT_LE(line.size(), 100U) << line;
      line.clear();
    }
  }
}

TEST(Help, ShowsThatAnOptionsValueMayBeLeftOut) {
  const CommandLine command_line;

  const std::string help = format_help(page_of(*command_line.app().get_subcommand("token")));

  EXPECT_THAT(help, HasSubstr("--enterprise [ID]"));
  EXPECT_THAT(help, HasSubstr("--user ID"));
}

TEST(ManualPage, NamesEveryOptionOfTheHelp) {
  const CommandLine command_line;

  for (const auto& page : pages_of(command_line)) {
    const std::string manual = format_man(page);
    for (const auto& option : page.options) {
      std::string name = option.names.back();
      for (std::size_t at = name.find('-'); at != std::string::npos; at = name.find('-', at + 2)) {
        name.insert(at, "\\");
      }
      EXPECT_THAT(manual, HasSubstr(name)) << page.name;
    }
  }
}

TEST(ManualPage, EscapesWhatRoffWouldObey) {
  const Page page{.name = "x", .summary = "a", .about = ".SH not \\fBbold\\fR", .usage = "x"};

  const std::string manual = format_man(page);

  EXPECT_THAT(manual, HasSubstr("\n\\&.SH not \\efBbold\\efR\n"));
}

TEST(Completion, OffersEverySubcommandAndOptionInEachShell) {
  const CommandLine command_line;
  const auto pages = pages_of(command_line);
  const std::string bash = format_bash_completion(pages);
  const std::string zsh = format_zsh_completion(pages);
  const std::string fish = format_fish_completion(pages);

  for (const auto& page : pages) {
    EXPECT_THAT(bash, HasSubstr(page.name));
    EXPECT_THAT(zsh, HasSubstr(page.name));
    EXPECT_THAT(fish, HasSubstr(page.name));
    for (const auto& option : page.options) {
      const std::string& name = option.names.back();
      EXPECT_THAT(bash, HasSubstr(name));
      EXPECT_THAT(zsh, HasSubstr("*" + name + "["));
      EXPECT_THAT(fish, HasSubstr(" -l " + name.substr(2)));
    }
  }
}

TEST(Completion, QuotesDescriptionsForTheShell) {
  const std::vector<Page> pages = {{.options = {{.names = {"--it"}, .text = "it's [so]: yes"}}}};

  EXPECT_THAT(format_zsh_completion(pages), HasSubstr("'*--it[it'\\''s \\[so\\]\\: yes]'"));
  EXPECT_THAT(format_fish_completion(pages), HasSubstr("-d 'it'\\''s [so]: yes'"));
  EXPECT_THAT(format_bash_completion(pages), Not(HasSubstr("it's")));
}

}  // namespace
}  // namespace valetkey::cli
