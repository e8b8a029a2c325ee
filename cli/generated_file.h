// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files that the command makes of its own tables.

#include <string>
#include <vector>

#include "valetkey/error.h"

namespace valetkey::cli {

struct GeneratedFile {
  std::string name{};
  std::string text{};
};

/// Makes the directory if need be. Errors: exhausted, naming the file. Blocks: disk.
[[nodiscard]] Result<void> save_files(const std::string& directory,
                                      const std::vector<GeneratedFile>& files);

}  // namespace valetkey::cli
