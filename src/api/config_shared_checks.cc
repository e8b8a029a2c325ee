// SPDX-License-Identifier: Apache-2.0
#include "api/config_shared_checks.h"

#include <chrono>
#include <optional>
#include <utility>

#include "api/config_checks.h"
#include "base/text.h"
#include "cache/server_url.h"
#include "secrets/secret_ref.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto timeout_min = 10ms;
constexpr auto timeout_max = 10s;
constexpr auto sealing_key_example =
    "make one with `valetkey keygen --output FILE`, give the same one to every process that "
    "shares the cache, and write sealing_key = \"file:FILE\"";

class SharedChecks {
 public:
  SharedChecks(const Config& config, std::vector<Mistake>& mistakes)
      : config_(config), cache_(config.cache), mistakes_(mistakes) {}

  void run() {
    check_servers();
    check_pair();
    check_timeout();
    check_sealing_key();
    check_login();
  }

 private:
  void note(std::string_view key, std::string what, std::string remedy) {
    mistakes_.push_back(cache_mistake(config_, key, std::move(what), std::move(remedy)));
  }

  /// Whether a key is written down, be its value empty.
  bool has_line(const std::string& key) const { return config_.lines.contains("cache." + key); }

  void check_servers() {
    if (cache_.shared.empty()) return;
    auto servers = cache::parse_server_url(cache_.shared);
    if (!servers) return note("shared", servers.error().context, servers.error().hint);
    kind_ = servers->kind;
  }

  void check_pair() {
    const bool has_servers = !cache_.shared.empty() || has_line("shared");
    const bool has_key = !cache_.sealing_key.empty() || has_line("sealing_key");
    if (has_servers && !has_key) {
      note("shared", "shared needs a sealing_key, so that no server learns a token",
           sealing_key_example);
    }
    if (has_servers) return;
    for (const auto& [key, is_there] : {std::pair{"sealing_key", has_key},
                                        {"shared_user", !cache_.shared_user.empty()},
                                        {"shared_password", !cache_.shared_password.empty()}}) {
      if (!is_there) continue;
      note(key, std::string(key) + " is of a shared cache, and none is named",
           "write shared = \"memcached://127.0.0.1:11211\" or \"redis://127.0.0.1\", or remove it");
    }
  }

  void check_timeout() {
    if (cache_.shared_timeout >= timeout_min && cache_.shared_timeout <= timeout_max) return;
    note("shared_timeout", "shared_timeout is not between 10ms and 10s",
         "write shared_timeout = \"1s\"; what a server does not answer in time is done without "
         "it");
  }

  void check_source(std::string_view key, const std::string& source) {
    auto parsed = secrets::parse_secret_ref(source, directory_of(config_));
    if (!parsed) {
      note(key, std::string(key) + ": " + parsed.error().context, parsed.error().hint);
    }
  }

  void check_sealing_key() {
    const auto& keys = cache_.sealing_key;
    if (keys.empty() && has_line("sealing_key")) {
      note("sealing_key", "sealing_key names no source", sealing_key_example);
    }
    for (const auto& source : keys)
      check_source("sealing_key", source);
    if (keys.size() > 2) {
      note("sealing_key", "sealing_key names more than two sources",
           "keep the one that seals and one other; two are enough to rotate");
    }
    if (keys.size() == 2 && keys[0] == keys[1]) {
      note("sealing_key", "sealing_key names the same source twice", "name it once");
    }
  }

  void check_login() {
    if (!cache_.shared_password.empty()) check_source("shared_password", cache_.shared_password);
    if (kind_ == cache::ServerKind::memcached) {
      for (const auto& [key, value] : {std::pair{"shared_user", &cache_.shared_user},
                                       {"shared_password", &cache_.shared_password}}) {
        if (value->empty()) continue;
        note(key, std::string(key) + " is for Redis, and shared is a Memcached",
             "remove it; Memcached is protected by where it listens, and its values are sealed");
      }
    } else if (!cache_.shared_user.empty() && !has_line("shared_password") &&
               cache_.shared_password.empty()) {
      note("shared_user", "shared_user has no shared_password",
           "write shared_password = \"file:/path/of/a/0600/file\"");
    }
    if (cache_.shared_user != base::printable(cache_.shared_user)) {
      note("shared_user", "shared_user is too long or not printable", "write it again by hand");
    }
  }

  const Config& config_;
  const CacheConfig& cache_;
  std::vector<Mistake>& mistakes_;
  std::optional<cache::ServerKind> kind_{};
};

}  // namespace

Mistake cache_mistake(const Config& config, std::string_view key, std::string what,
                      std::string remedy) {
  auto line = config.lines.find("cache." + std::string(key));
  if (line == config.lines.end()) line = config.lines.find("cache.shared");
  return {config.path, line == config.lines.end() ? 0 : line->second, std::move(what),
          std::move(remedy)};
}

void check_shared_cache(const Config& config, std::vector<Mistake>& mistakes) {
  SharedChecks(config, mistakes).run();
}

}  // namespace valetkey::api
