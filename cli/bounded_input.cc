// SPDX-License-Identifier: Apache-2.0
#include "cli/bounded_input.h"

#include <fcntl.h>
#include <string.h>  // explicit_bzero
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace valetkey::cli {
namespace {

Result<Secret> read_to_end(int descriptor, const std::string& name, std::size_t bytes_max) {
  std::array<char, 4096> block{};
  SecretBuilder text;
  int reason = 0;
  for (;;) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) reason = errno;
    if (count <= 0) break;
    text.append(std::string_view(block.data(), static_cast<std::size_t>(count)));
    if (text.size() > bytes_max) break;
  }
  ::explicit_bzero(block.data(), block.size());
  if (reason != 0) {
    return fail(Errc::invalid_argument, name + ": " + std::strerror(reason));
  }
  if (text.size() > bytes_max) {
    return fail(Errc::invalid_argument,
                name + " holds more than " + std::to_string(bytes_max) + " bytes");
  }
  return text.take();
}

}  // namespace

Result<Secret> read_standard_input(std::size_t bytes_max) {
  return read_to_end(STDIN_FILENO, "standard input", bytes_max);
}

Result<Secret> read_stream(const std::string& path, std::size_t bytes_max) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return fail(Errc::invalid_argument, path + ": " + std::strerror(errno));
  auto text = read_to_end(descriptor, path, bytes_max);
  ::close(descriptor);
  return text;
}

}  // namespace valetkey::cli
