// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is wrong with an option's value whatever the option.

#include <CLI/CLI.hpp>

namespace valetkey::cli {

/// SECURITY: what is empty here is a variable that was not set there. Taken for "not given", it
/// would get somebody else's token, or one that may do more.
[[nodiscard]] const CLI::Validator& not_empty();

}  // namespace valetkey::cli
