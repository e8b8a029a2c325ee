// SPDX-License-Identifier: Apache-2.0
#include "secrets/environment.h"

#include <stdlib.h>  // unsetenv
#include <string.h>  // explicit_bzero
#include <unistd.h>

#include <map>
#include <string_view>

#include "base/guarded.h"

namespace valetkey::secrets {
namespace {

using Taken = std::map<std::string, Secret>;

base::Guarded<Taken>& taken_variables() {
  static base::Guarded<Taken> taken;
  return taken;
}

/// Every entry of that name, for the block that a process is started with may repeat one.
void wipe_entries(const std::string& name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.size() <= name.size() || !text.starts_with(name) || text[name.size()] != '=') continue;
    const std::size_t value_at = name.size() + 1;
    if (text.size() > value_at) explicit_bzero(*entry + value_at, text.size() - value_at);
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
