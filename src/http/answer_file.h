// SPDX-License-Identifier: Apache-2.0
#pragma once
// A response body on its way into a file.

#include <string>
#include <string_view>

#include "valetkey/error.h"

namespace valetkey::http {

/// Writes beside the file, mode 0600, and takes its name only when all is there: a broken download
/// leaves what was there before.
class AnswerFile {
 public:
  explicit AnswerFile(std::string path) : path_(std::move(path)) {}
  ~AnswerFile();
  AnswerFile(const AnswerFile&) = delete;
  AnswerFile& operator=(const AnswerFile&) = delete;

  /// Blocks: disk. Errors: exhausted (disk or descriptors), misconfigured (it cannot be written).
  [[nodiscard]] Result<void> write(std::string_view bytes);
  [[nodiscard]] Result<void> finish();

 private:
  Result<void> open();

  std::string path_;
  std::string part_{};
  int fd_ = -1;
};

}  // namespace valetkey::http
