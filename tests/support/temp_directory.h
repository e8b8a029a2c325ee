// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory of a test's own, gone with it.

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace valetkey::support {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "valetkey-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

  /// Writes a file and returns its path.
  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    const std::string whole = path_ + "/" + name;
    std::ofstream(whole, std::ios::binary) << text;
    ::chmod(whole.c_str(), mode);
    return whole;
  }

 private:
  std::string path_;
};

}  // namespace valetkey::support
