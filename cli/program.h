// SPDX-License-Identifier: Apache-2.0
#pragma once
// The command as a function: understands its arguments and runs one subcommand.

#include <CLI/CLI.hpp>

#include <map>
#include <string>

#include "cli/subcommand.h"

namespace valetkey::cli {

/// The command line as CLI11 knows it: what is parsed, shown as help, printed as manual pages and
/// offered by the completion.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Runs what the arguments ask for; returns the exit status.
  [[nodiscard]] int run(int argc, const char* const* argv, Console& console);

  [[nodiscard]] const CLI::App& app() const { return app_; }

 private:
  [[nodiscard]] int refuse(Console& console, std::string what, std::string hint) const;
  [[nodiscard]] int refuse_unknown(Console& console) const;
  [[nodiscard]] const CLI::App& chosen() const;

  Globals globals_{};
  CLI::App app_;
  std::map<std::string, Action, std::less<>> actions_{};
};

/// The body of main. Nothing is thrown out of it.
[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace valetkey::cli
