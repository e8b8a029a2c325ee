// SPDX-License-Identifier: Apache-2.0
#include "secrets/private_file.h"

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/limits.h"

namespace valetkey::secrets {
namespace {

constexpr mode_t group_and_others = 077;
constexpr mode_t others = 007;

bool is_forbidden(char letter) {
  const bool control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  return control && letter != '\n' && letter != '\r' && letter != '\t';
}

Failure unreadable(int error, const std::string& path) {
  if (error == ENOENT) {
    return fail(Errc::secret_unavailable, path + " does not exist",
                "write the secret to it, then: chmod 600 " + path);
  }
  if (error == EACCES) {
    return fail(Errc::secret_unavailable, path + " may not be read by this user",
                "chown it to the user that runs valetkey, mode 0600");
  }
  return base::system_failure(error, Errc::secret_unavailable, path + " cannot be read");
}

Result<void> check_file(const struct stat& seen, const std::string& path, mode_t forbidden) {
  if (!S_ISREG(seen.st_mode)) {
    return fail(Errc::secret_unavailable,
                path + (S_ISDIR(seen.st_mode) ? " is a directory" : " is not a regular file"),
                "name a file that holds nothing but the secret");
  }
  if (seen.st_uid != geteuid() && seen.st_uid != 0) {
    return fail(Errc::secret_unavailable, path + " belongs to another user",
                "chown it to the user that runs valetkey, mode 0600");
  }
  if ((seen.st_mode & forbidden) != 0) {
    return fail(Errc::secret_unavailable, path + " is open to its group or to others",
                "chmod 600 " + path);
  }
  if (static_cast<std::size_t>(seen.st_size) > base::secret_file_bytes_max) {
    return fail(Errc::secret_unavailable, path + " is larger than 64 KiB",
                "name a file that holds nothing but the secret");
  }
  return {};
}

Result<Secret> load_file(const std::string& path, mode_t forbidden) {
  // O_NONBLOCK: a FIFO in the secret's place must not hang us.
  const base::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return unreadable(errno, path);
  // SECURITY: of what is open, not of the name, which may mean another file by now.
  struct stat seen {};
  if (fstat(file.get(), &seen) != 0) return unreadable(errno, path);
  auto sound = check_file(seen, path, forbidden);
  if (!sound) return failure_of(std::move(sound));

  ssize_t got = 0;
  int error = 0;
  const auto room = static_cast<std::size_t>(seen.st_size);
  const Secret raw = Secret::filled(room, [&](char* to, std::size_t size) {
    std::size_t filled = 0;
    do {
      got = read(file.get(), to + filled, size - filled);
      if (got > 0) filled += static_cast<std::size_t>(got);
    } while ((got > 0 && filled < size) || (got < 0 && errno == EINTR));
    error = got < 0 ? errno : 0;
    got = static_cast<ssize_t>(filled);
  });
  if (error != 0) return unreadable(error, path);
  return raw.reveal([&](std::string_view bytes) {
    return checked_secret(Secret(bytes.substr(0, static_cast<std::size_t>(got))), path);
  });
}

Result<void> write_whole(const base::Descriptor& file, const Secret& secret,
                         const std::string& path) {
  const int error = secret.reveal([&](std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return errno;
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return fsync(file.get()) == 0 ? 0 : errno;
  });
  if (error != 0)
    return base::system_failure(error, Errc::misconfigured, path + " cannot be written");
  return {};
}

}  // namespace

Result<Secret> checked_secret(const Secret& read, const std::string& what) {
  return read.reveal([&](std::string_view text) -> Result<Secret> {
    if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
    if (text.empty()) {
      return fail(Errc::secret_unavailable, what + " is empty", "put the secret there");
    }
    if (std::any_of(text.begin(), text.end(), is_forbidden)) {
      return fail(Errc::secret_unavailable, what + " holds control characters",
                  "a secret is text; check what was written there");
    }
    return Secret(text);
  });
}

Result<Secret> load_private_file(const std::string& path) {
  return load_file(path, group_and_others);
}

Result<Secret> load_credential_file(const std::string& path) {
  return load_file(path, others);
}

Result<void> save_private_file(const std::string& path, const Secret& secret) {
  std::error_code unresolved;
  const auto canonical = std::filesystem::canonical(path, unresolved);
  const std::string target = unresolved ? path : canonical.string();  // a link stays a link
  std::string part = target + ".XXXXXX";
  base::Descriptor file(mkostemp(part.data(), O_CLOEXEC));  // mode 0600
  if (!file) return base::system_failure(errno, Errc::misconfigured, path + " cannot be written");
  auto written = write_whole(file, secret, path);
  if (!written || std::rename(part.c_str(), target.c_str()) != 0) {
    const int error = errno;
    unlink(part.c_str());
    if (!written) return written;
    return base::system_failure(error, Errc::misconfigured, path + " cannot be written");
  }
  // The new name is on the disk only when its directory is.
  auto directory = std::filesystem::path(target).parent_path();
  if (directory.empty()) directory = ".";
  const base::Descriptor parent(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || fsync(parent.get()) != 0) {
    return base::system_failure(errno, Errc::misconfigured, path + " cannot be made durable");
  }
  return {};
}

}  // namespace valetkey::secrets
