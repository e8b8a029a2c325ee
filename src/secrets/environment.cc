// SPDX-License-Identifier: Apache-2.0
#include "secrets/environment.h"

#include <stdlib.h>  // unsetenv
#include <string.h>  // explicit_bzero
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace valetkey::secrets {
namespace {

using Taken = std::map<std::string, Secret>;

base::Guarded<Taken>& taken_variables() {
  static base::Guarded<Taken> taken;
  return taken;
}

/// Whether the page may be written: a host may have put a literal into its environment.
bool is_writable(const char* byte) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(byte);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    const auto dash = line.find('-');
    const auto blank = line.find(' ');
    if (dash == std::string::npos || blank == std::string::npos || dash > blank) continue;
    const auto first = std::strtoull(line.c_str(), nullptr, 16);
    const auto last = std::strtoull(line.c_str() + dash + 1, nullptr, 16);
    if (wanted >= first && wanted < last) return line.size() > blank + 2 && line[blank + 2] == 'w';
  }
  return false;
}

/// Every entry of that name, for the block that a process is started with may repeat one.
void wipe_entries(const std::string& name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.size() <= name.size() || !text.starts_with(name) || text[name.size()] != '=') continue;
    const std::size_t value_at = name.size() + 1;
    if (text.size() == value_at || !is_writable(*entry)) continue;
    explicit_bzero(*entry + value_at, text.size() - value_at);
  }
}

}  // namespace

std::optional<Secret> take_variable(const std::string& name) {
  return taken_variables().with([&](Taken& taken) -> std::optional<Secret> {
    if (const char* const value = getenv(name.c_str())) {
      taken.insert_or_assign(name, Secret(std::string_view(value)));
      wipe_entries(name);
      unsetenv(name.c_str());
    }
    const auto found = taken.find(name);
    if (found == taken.end()) return std::nullopt;
    return found->second.clone();
  });
}

}  // namespace valetkey::secrets
