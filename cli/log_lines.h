// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the library's log lines go while the command runs.

#include <string>
#include <vector>

#include "valetkey/error.h"

namespace valetkey::cli {

/// "trace" to "off", in order.
[[nodiscard]] std::vector<std::string> log_level_names();

/// Lines go to standard error as `valetkey: LEVEL: line`, or with the time of day to a file of mode
/// 0600. Errors: invalid_argument when the file cannot be opened. Precondition: `level` is a name.
/// Blocks: opens a file.
[[nodiscard]] Result<void> start_log(const std::string& level, const std::string& file);

}  // namespace valetkey::cli
