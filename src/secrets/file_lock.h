// SPDX-License-Identifier: Apache-2.0
#pragma once
// One process at a time at a file that is read, changed and written back.

#include <string>

#include "base/descriptor.h"
#include "valetkey/error.h"
#include "valetkey/time.h"

namespace valetkey::secrets {

/// Holds a lock beside `path` (path + ".lock") until it dies, or its process does; beside what a
/// link leads to, so that a file of two names has one lock. The lock file stays, because removing
/// it would let two processes lock two files of one name.
class FileLock {
 public:
  /// Errors: timed_out, exhausted, misconfigured (the lock file cannot be made).
  /// Blocks: until the deadline. Threads: any; it keeps out this process's other threads too.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& path, Deadline deadline,
                                                Clock& clock);

 private:
  explicit FileLock(base::Descriptor file) : file_(std::move(file)) {}

  base::Descriptor file_;
};

}  // namespace valetkey::secrets
