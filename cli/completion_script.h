// SPDX-License-Identifier: Apache-2.0
#pragma once
// Completion scripts; the first page is the command's own, the others are its subcommands'.

#include <string>
#include <vector>

#include "cli/page.h"

namespace valetkey::cli {

[[nodiscard]] std::string format_bash_completion(const std::vector<Page>& pages);
[[nodiscard]] std::string format_zsh_completion(const std::vector<Page>& pages);
[[nodiscard]] std::string format_fish_completion(const std::vector<Page>& pages);

}  // namespace valetkey::cli
