// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file descriptor that closes itself, and what errno says.

#include <unistd.h>

#include <string>
#include <utility>

#include "valetkey/error.h"

namespace valetkey::base {

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int get() const noexcept { return fd_; }
  void reset() noexcept {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

/// `what`, the system's own words, and a hint where something ran out. Errors: exhausted for disk
/// and descriptors, else `otherwise`.
[[nodiscard]] Failure system_failure(int error, Errc otherwise, std::string what);

}  // namespace valetkey::base
