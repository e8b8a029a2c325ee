// SPDX-License-Identifier: Apache-2.0
// `valetkey doctor`: everything that can be checked, with what to do about it.

#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/subcommand.h"

namespace valetkey::cli {
namespace {

std::string mark_of(FindingLevel level, const Console& console) {
  switch (level) {
    case FindingLevel::good:
      return console.coloured("✓", Colour::green);
    case FindingLevel::notice:
      return console.coloured("!", Colour::yellow);
    case FindingLevel::problem:
      return console.coloured("✗", Colour::red);
  }
  return "?";
}

void print(const Finding& finding, Console& console) {
  console.write(mark_of(finding.level, console) + " " + finding.what + "\n");
  if (!finding.remedy.empty()) console.write("    " + finding.remedy + "\n");
}

int diagnose(const Context& context) {
  Console& console = context.console;
  auto client = open_client(context.globals);
  if (!client) {
    console.complain(client.error());
    return exit_code_for(client.error());
  }
  int exit_code = exit_done;
  for (const auto& finding : client->diagnose(deadline_in(context.globals.timeout))) {
    print(finding, console);
    if (finding.level == FindingLevel::problem) exit_code = exit_failed;
  }
  return exit_code;
}

}  // namespace

Action declare_doctor(CLI::App&) {
  return diagnose;
}

}  // namespace valetkey::cli
