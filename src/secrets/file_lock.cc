// SPDX-License-Identifier: Apache-2.0
#include "secrets/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace valetkey::secrets {
namespace {

// flock cannot wait with a bound and without a signal, so it is asked again.
constexpr std::chrono::milliseconds asks_again_after{20};

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path, Deadline deadline, Clock& clock) {
  std::error_code unresolved;
  const auto canonical = std::filesystem::canonical(path, unresolved);
  const std::string name = (unresolved ? path : canonical.string()) + ".lock";
  base::Descriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return base::system_failure(errno, Errc::misconfigured, name + " cannot be made");
  std::mutex mutex;
  std::condition_variable nobody_notifies;
  std::unique_lock lock(mutex);
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return base::system_failure(errno, Errc::misconfigured, name + " cannot be locked");
    }
    const Instant now = clock.now();
    if (deadline.passed(now)) {
      return fail(Errc::timed_out, "another process holds " + name);
    }
    clock.wait(nobody_notifies, lock, std::min(deadline.at, now + asks_again_after));
  }
  return FileLock(std::move(file));
}

}  // namespace valetkey::secrets
