// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory of a test's own, and what a test may know of a secret.

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "valetkey/secret.h"

namespace valetkey::secrets {

class Scratch {
 public:
  Scratch() {
    std::string name = std::filesystem::temp_directory_path() / "valetkey-secrets-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name) const { return path_ + "/" + name; }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    std::ofstream(path(name), std::ios::binary) << content;
    chmod(path(name).c_str(), mode);
    return path(name);
  }

 private:
  std::string path_;
};

inline std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

}  // namespace valetkey::secrets
