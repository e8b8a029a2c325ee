// SPDX-License-Identifier: Apache-2.0
#include "cli/generated_file.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace valetkey::cli {

Result<void> save_files(const std::string& directory, const std::vector<GeneratedFile>& files) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return fail(Errc::exhausted, directory + ": " + failed.message());
  for (const auto& file : files) {
    const std::string path = directory + "/" + file.name;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << file.text;
    out.close();
    if (!out) return fail(Errc::exhausted, path + " cannot be written");
  }
  return {};
}

}  // namespace valetkey::cli
