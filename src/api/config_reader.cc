// SPDX-License-Identifier: Apache-2.0
// From a TOML file to a Config: every mistake at once, each with its line (rule F4).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "api/config_checks.h"
#include "api/config_table.h"
#include "base/descriptor.h"
#include "base/limits.h"
#include "base/text.h"
#include "valetkey/config.h"

namespace valetkey {
namespace {

using api::ConfigTable;

void read_provider(const toml::table& table, std::string name, Config& config,
                   std::vector<Mistake>& mistakes) {
  ProviderConfig provider;
  ConfigTable keys(table, "provider." + name, config, mistakes);
  provider.name = std::move(name);
  keys.read("type", provider.type);
  keys.read("base_url", provider.base_url);
  keys.read("upload_url", provider.upload_url);
  keys.read("issuer", provider.issuer);
  keys.read("api_url", provider.api_url);
  keys.read("grant", provider.grant);
  keys.read("client_id", provider.client_id);
  keys.read("client_secret", provider.client_secret);
  keys.read("client_auth", provider.client_auth);
  keys.read("enterprise_id", provider.enterprise_id);
  keys.read("user_id", provider.user_id);
  keys.read("app_config", provider.app_config);
  keys.read("private_key", provider.private_key);
  keys.read("private_key_passphrase", provider.private_key_passphrase);
  keys.read("key_id", provider.key_id);
  keys.read("algorithm", provider.algorithm);
  keys.read("developer_token", provider.developer_token);
  keys.read("refresh_token", provider.refresh_token);
  keys.read("narrow", provider.narrow);
  keys.read("extra_scopes", provider.extra_scopes);
  keys.finish();
  config.providers.push_back(std::move(provider));
}

void read_cache(const toml::table& table, Config& config, std::vector<Mistake>& mistakes) {
  ConfigTable keys(table, "cache", config, mistakes);
  keys.read("lifetime", config.cache.lifetime);
  keys.read("entries_max", config.cache.entries_max);
  keys.read("bytes_max", config.cache.bytes_max);
  keys.read("shared", config.cache.shared);
  keys.read("shared_user", config.cache.shared_user);
  keys.read("shared_password", config.cache.shared_password);
  keys.read("shared_timeout", config.cache.shared_timeout);
  keys.read("sealing_key", config.cache.sealing_key);
  keys.finish();
}

void read_http(const toml::table& table, Config& config, std::vector<Mistake>& mistakes) {
  ConfigTable keys(table, "http", config, mistakes);
  keys.read("timeout", config.http.timeout);
  keys.read("connect_timeout", config.http.connect_timeout);
  keys.read("fetches_max", config.http.fetches_max);
  keys.read("proxy", config.http.proxy);
  keys.read("ca_file", config.http.ca_file);
  keys.finish();
}

void read_providers(const toml::table& table, Config& config, std::vector<Mistake>& mistakes) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const unsigned line = key.source().begin.line;
    if (const auto* const provider = node.as_table()) {
      config.lines["provider." + name] = line;
      read_provider(*provider, name, config, mistakes);
      continue;
    }
    mistakes.push_back({config.path, line,
                        "provider." + base::printable(name, 60) + " is not a table",
                        "write [provider.NAME] on a line of its own, and its keys below it"});
  }
}

void read_root(const toml::table& root, Config& config, std::vector<Mistake>& mistakes) {
  ConfigTable keys(root, "", config, mistakes);
  std::string environment = "production";
  keys.read("environment", environment);
  if (environment == "development") {
    config.environment = Environment::development;
  } else if (environment != "production") {
    mistakes.push_back({config.path, config.lines["environment"],
                        "environment is neither \"production\" nor \"development\"",
                        "write environment = \"production\""});
  }
  if (const auto* const table = keys.table("cache")) read_cache(*table, config, mistakes);
  if (const auto* const table = keys.table("http")) read_http(*table, config, mistakes);
  if (const auto* const table = keys.table("provider")) read_providers(*table, config, mistakes);
  keys.finish();
}

Failure unreadable(const std::string& path, int reason) {
  return api::failure_of_mistakes(
      {{path, 0, std::string("cannot be read: ") + std::strerror(reason),
        reason == ENOENT ? "name an existing file with --config; `valetkey emulate "
                           "--write-config DIR` makes one to try"
                         : "check the path and the permissions"}});
}

/// The first line with more dots than any key needs, from 1; 0: there is none. Whether a dot is in
/// a key or in a text does not matter; of two in a row, as in "../..", no key is made.
unsigned find_line_of_dots(std::string_view text) {
  unsigned line = 1;
  std::size_t dots = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      ++line;
      dots = 0;
    }
    const bool is_one = text[at] == '.' && (at == 0 || text[at - 1] != '.') &&
                        (at + 1 == text.size() || text[at + 1] != '.');
    if (is_one && ++dots > base::config_line_dots_max) return line;
  }
  return 0;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
  Config config;
  config.path = path;
  // Rule F2: the parser itself has no bound for keys such as a.b.c.
  if (const unsigned line = find_line_of_dots(text); line != 0) {
    return api::failure_of_mistakes({{path, line, "has more than 64 dots",
                                      "write each key in its own [table], and a long text in "
                                      "several lines"}});
  }
  std::vector<Mistake> mistakes;
  try {
    read_root(toml::parse(text, std::string_view(path)), config, mistakes);
  } catch (const toml::parse_error& error) {
    // SECURITY: the parser's own words may quote the line, and the line may hold a literal secret.
    return api::failure_of_mistakes(
        {{path, error.source().begin.line, "is not valid TOML from here on",
          "check quotes, brackets and equal signs on this line and the one before"}});
  }
  auto found = api::find_mistakes(config);
  mistakes.insert(mistakes.end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
  if (mistakes.empty()) return config;
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  return api::failure_of_mistakes(std::move(mistakes));
}

Result<Config> load_config(const std::string& path) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return unreadable(path, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return unreadable(path, errno);
  if (S_ISDIR(facts.st_mode)) return unreadable(path, EISDIR);
  std::string text;
  char block[8192];
  for (;;) {
    const ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(path, errno);
    if (count == 0) break;
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > base::config_file_bytes_max) {
      return api::failure_of_mistakes({{path, 0, "is larger than 1 MiB", "name the right file"}});
    }
  }
  return parse_config(text, path);
}

std::vector<std::string> config_search_path() {
  std::vector<std::string> places;
  if (const char* const named = std::getenv("VALETKEY_CONFIG"); named && *named) return {named};
  places.emplace_back("valetkey.toml");
  const char* const user_place = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  if (user_place && *user_place) {
    places.push_back(std::string(user_place) + "/valetkey/valetkey.toml");
  } else if (home && *home) {
    places.push_back(std::string(home) + "/.config/valetkey/valetkey.toml");
  }
  places.emplace_back("/etc/valetkey/valetkey.toml");
  return places;
}

}  // namespace valetkey
