// SPDX-License-Identifier: Apache-2.0
#include "cli/open_client.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/nearest_word.h"
#include "base/text.h"

namespace valetkey::cli {

Result<std::string> find_config(const Globals& globals) {
  if (!globals.config.empty()) return globals.config;
  const auto places = config_search_path();
  // A named file that is not there is a mistake, not a reason to look elsewhere.
  if (places.size() == 1) return places.front();
  for (const auto& place : places) {
    std::error_code absent;
    if (std::filesystem::exists(place, absent)) return place;
  }
  return fail(Errc::misconfigured,
              "there is no configuration: none of " + base::joined(places, ", ") + " exists",
              "name one with --config, or let `valetkey emulate --write-config DIR` make one");
}

Result<std::string> provider_of(const Globals& globals, const Config& config) {
  std::vector<std::string> names;
  for (const auto& provider : config.providers)
    names.push_back(provider.name);
  const std::string all = base::joined(names, ", ");
  if (globals.provider.empty()) {
    if (names.size() == 1) return names.front();
    return fail(Errc::invalid_argument, "the configuration has more than one provider: " + all,
                "choose with --provider NAME");
  }
  for (auto& name : names) {
    if (name == globals.provider) return std::move(name);
  }
  const std::string nearest = base::nearest_word(globals.provider, names);
  return fail(Errc::invalid_argument,
              "the configuration has no provider " + base::printable(globals.provider, 60),
              nearest.empty() ? "it has: " + all : "did you mean " + nearest + "?");
}

namespace {

/// As if the file had not named one.
void forget_shared_cache(Config& config) {
  CacheConfig alone;
  alone.lifetime = config.cache.lifetime;
  alone.entries_max = config.cache.entries_max;
  alone.bytes_max = config.cache.bytes_max;
  config.cache = std::move(alone);
  for (const char* key :
       {"shared", "shared_user", "shared_password", "shared_timeout", "sealing_key"}) {
    config.lines.erase("cache." + std::string(key));
  }
}

Result<Client> open_as(const Globals& globals, bool is_private) {
  auto path = find_config(globals);
  if (!path) return failure_of(std::move(path));
  auto config = load_config(*path);
  if (!config) return failure_of(std::move(config));
  if (is_private) forget_shared_cache(*config);
  auto client = Client::make(std::move(*config));
  if (!client) return client;
  auto provider = provider_of(globals, client->config());
  if (!provider) return failure_of(std::move(provider));
  return client;
}

}  // namespace

Result<Client> open_client(const Globals& globals) {
  return open_as(globals, false);
}

Result<Client> open_private_client(const Globals& globals) {
  return open_as(globals, true);
}

}  // namespace valetkey::cli
