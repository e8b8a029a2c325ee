// SPDX-License-Identifier: Apache-2.0
#include "base/process_identity.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "base/descriptor.h"
#include "base/text.h"

namespace valetkey::base {
namespace {

std::string contents_of(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  char block[2048];
  const ssize_t count = ::read(file.get(), block, sizeof block);
  return count > 0 ? std::string(block, static_cast<std::size_t>(count)) : std::string();
}

/// The boot of the machine and the namespace that process numbers count in.
std::string place() {
  const std::string boot(trimmed(contents_of("/proc/sys/kernel/random/boot_id")));
  struct stat facts {};
  const bool known = !boot.empty() && ::stat("/proc/self/ns/pid", &facts) == 0;
  return known ? boot + "." + std::to_string(facts.st_ino) : std::string();
}

struct ProcessFacts {
  char state = '?';
  std::string started;  ///< in clock ticks since the boot
};

// proc(5): the name, field 2, is in parentheses and may hold anything, parentheses too.
std::optional<ProcessFacts> facts_of(pid_t process) {
  const std::string line = contents_of("/proc/" + std::to_string(process) + "/stat");
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(line).substr(name_end + 1), ' ');
  constexpr std::size_t state_at = 0;     // field 3
  constexpr std::size_t started_at = 19;  // field 22
  if (fields.size() <= started_at || fields[state_at].empty()) return std::nullopt;
  return ProcessFacts{fields[state_at].front(), std::string(fields[started_at])};
}

/// A process whose first thread has ended by itself looks like a zombie and lives.
bool has_other_threads(pid_t process) {
  std::error_code error;
  std::size_t threads = 0;
  for (std::filesystem::directory_iterator at("/proc/" + std::to_string(process) + "/task", error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    ++threads;
  }
  return threads > 1;
}

}  // namespace

std::string process_identity(std::string_view salt) {
  const auto facts = facts_of(::getpid());
  std::string identity = place() + ":" + std::to_string(::getpid()) + ":";
  identity += facts ? facts->started : "?";
  identity += ":";
  identity += salt;
  return identity;
}

bool process_is_gone(std::string_view identity) {
  const auto fields = split(identity, ':');
  if (fields.size() != 4) return false;
  const std::string here = place();
  if (here.empty() || fields[0] != here) return false;
  const auto process = parse_number<pid_t>(fields[1]);
  if (!process || *process <= 0) return false;
  if (::kill(*process, 0) != 0 && errno == ESRCH) return true;
  // Hidden from us (hidepid), it counts as alive.
  const auto facts = facts_of(*process);
  if (!facts) return false;
  const bool has_ended =
      (facts->state == 'Z' || facts->state == 'X') && !has_other_threads(*process);
  return has_ended || (fields[2] != "?" && facts->started != fields[2]);
}

}  // namespace valetkey::base
