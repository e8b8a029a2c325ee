// SPDX-License-Identifier: Apache-2.0
#include "http/answer_file.h"

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/descriptor.h"

namespace valetkey::http {

AnswerFile::~AnswerFile() {
  if (fd_ >= 0) close(fd_);
  if (!part_.empty()) unlink(part_.c_str());
}

Result<void> AnswerFile::open() {
  struct stat seen {};
  if (stat(path_.c_str(), &seen) == 0 && !S_ISREG(seen.st_mode)) {
    return fail(Errc::misconfigured,
                "cannot write the answer to " + path_ + ": not a regular file");
  }
  std::string part = path_ + ".XXXXXX";
  fd_ = mkostemp(part.data(), O_CLOEXEC);  // mode 0600
  if (fd_ < 0) {
    return base::system_failure(errno, Errc::misconfigured, "cannot write the answer to " + path_);
  }
  part_ = std::move(part);
  return {};
}

Result<void> AnswerFile::write(std::string_view bytes) {
  if (fd_ < 0) {
    auto opened = open();
    if (!opened) return opened;
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return base::system_failure(errno, Errc::misconfigured,
                                  "cannot write the answer to " + path_);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> AnswerFile::finish() {
  auto opened = write({});  // an empty answer is an empty file
  if (!opened) return opened;
  const int closed = close(std::exchange(fd_, -1));
  if (closed != 0 || std::rename(part_.c_str(), path_.c_str()) != 0) {
    return base::system_failure(errno, Errc::misconfigured, "cannot write the answer to " + path_);
  }
  part_.clear();
  return {};
}

}  // namespace valetkey::http
