// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a subcommand is, and the table of all of them.

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"

namespace valetkey::cli {

/// The options that stand before or after every subcommand.
struct Globals {
  std::string config{};    ///< empty: the search path
  std::string provider{};  ///< empty: the only one
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  std::string log_level = "warning";
  std::string log_file{};
};

/// What an action may use. Everything in it outlives the action.
struct Context {
  const Globals& globals;
  const CLI::App& app;  ///< the whole command, for what is generated from it
  Console& console;
};

/// Does the work once the command line is understood; returns the exit status.
using Action = std::function<int(const Context&)>;

struct Example {
  std::string_view command{};
  std::string_view purpose{};
};

/// One row of the table: adding a subcommand is one file and one row.
struct Subcommand {
  std::string_view name{};
  std::string_view summary{};
  std::string_view about{};  ///< paragraphs for --help and the man page
  std::vector<Example> examples{};
  Action (*declare)(CLI::App& app){};  ///< puts the options on `app`
};

[[nodiscard]] std::span<const Subcommand> all_subcommands();
[[nodiscard]] const Subcommand* find_subcommand(std::string_view name);

// Each is in the file of its name.
[[nodiscard]] Action declare_call(CLI::App& app);
[[nodiscard]] Action declare_completion(CLI::App& app);
[[nodiscard]] Action declare_demo(CLI::App& app);
[[nodiscard]] Action declare_doctor(CLI::App& app);
[[nodiscard]] Action declare_emulate(CLI::App& app);
[[nodiscard]] Action declare_exec(CLI::App& app);
[[nodiscard]] Action declare_keygen(CLI::App& app);
[[nodiscard]] Action declare_man(CLI::App& app);
[[nodiscard]] Action declare_revoke(CLI::App& app);
[[nodiscard]] Action declare_status(CLI::App& app);
[[nodiscard]] Action declare_token(CLI::App& app);

}  // namespace valetkey::cli
