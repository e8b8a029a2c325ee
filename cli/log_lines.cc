// SPDX-License-Identifier: Apache-2.0
#include "cli/log_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/http_date.h"
#include "valetkey/log.h"
#include "valetkey/time.h"

namespace valetkey::cli {
namespace {

constexpr std::array<std::string_view, 6> names = {"trace",   "debug", "info",
                                                   "warning", "error", "off"};

/// One write per line, so that lines of several threads do not mix. A line that cannot be written
/// is lost: there is nowhere to say so.
void put_line(int descriptor, std::string line) {
  line += '\n';
  while (::write(descriptor, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::vector<std::string> log_level_names() {
  return {names.begin(), names.end()};
}

Result<void> start_log(const std::string& level, const std::string& file) {
  const auto at = std::find(names.begin(), names.end(), level);
  const auto threshold = static_cast<LogLevel>(at - names.begin());
  if (file.empty()) {
    set_log(threshold, [](LogLevel of_line, std::string_view line) {
      put_line(STDERR_FILENO, "valetkey: " + std::string(names[static_cast<std::size_t>(of_line)]) +
                                  ": " + std::string(line));
    });
    return {};
  }
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  if (descriptor < 0) {
    return fail(Errc::invalid_argument, "--log-file " + file + ": " + std::strerror(errno),
                "name a file that can be written");
  }
  // The file stays open until the process ends: lines are written until then.
  const auto clock = make_system_clock();
  set_log(threshold, [descriptor, clock](LogLevel of_line, std::string_view line) {
    put_line(descriptor, base::format_rfc3339(clock->wall_now()) + " " +
                             std::string(names[static_cast<std::size_t>(of_line)]) + " " +
                             std::string(line));
  });
  return {};
}

}  // namespace valetkey::cli
