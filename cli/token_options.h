// SPDX-License-Identifier: Apache-2.0
#pragma once
// The options that say which token is meant: whose it is and what it may do.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "cli/subcommand.h"
#include "valetkey/config.h"
#include "valetkey/request.h"

namespace valetkey::cli {

struct TokenOptions {
  std::string user{};
  bool of_enterprise = false;
  std::string enterprise{};  ///< empty: the configured one
  std::vector<std::string> scopes{};
  std::string resource{};
  std::string shared_link{};
  bool full = false;

  /// --user and --enterprise. The options outlive the app.
  void add_subject(CLI::App& app);
  /// --scope, --resource and --shared-link.
  void add_restriction(CLI::App& app);
  /// --full.
  void add_full(CLI::App& app);

  /// Errors: invalid_argument.
  [[nodiscard]] Result<TokenRequest> request(const Globals& globals, const Config& config) const;
  [[nodiscard]] Subject subject() const;

  /// Rule D3: a token that leaves this process is narrow, or full because someone said so.
  /// Errors: invalid_argument.
  [[nodiscard]] Result<void> check_narrow() const;
};

/// Whether --enterprise is given a value and the value is empty: the parser, for which it may be
/// left out, does not tell the two apart.
[[nodiscard]] bool names_empty_enterprise(int argc, const char* const* argv);

}  // namespace valetkey::cli
