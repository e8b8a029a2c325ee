// SPDX-License-Identifier: Apache-2.0
#pragma once
// What there is to say of a subcommand, read from the tables it is parsed by; and two renderings.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "cli/subcommand.h"

namespace valetkey::cli {

struct PageOption {
  std::vector<std::string> names{};  ///< "-h", "--help"
  std::string argument{};            ///< "FILE"; "[ID]" when it may be left out; empty: a flag
  std::string text{};
};

/// One --help screen and one manual page. A subcommand's name is empty on the first page.
struct Page {
  std::string name{};
  std::string summary{};
  std::string about{};
  std::string usage{};
  std::vector<PageOption> arguments{};
  std::vector<PageOption> options{};
  std::vector<PageOption> global_options{};
  std::vector<Example> examples{};
  std::vector<std::pair<std::string, std::string>> subcommands{};
};

/// `app` is the whole command or one of its subcommands.
[[nodiscard]] Page page_of(const CLI::App& app);

[[nodiscard]] std::string format_help(const Page& page);
/// In the language of man(7).
[[nodiscard]] std::string format_man(const Page& page);

}  // namespace valetkey::cli
