// SPDX-License-Identifier: Apache-2.0
#include "api/shared_cache.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/config_shared_checks.h"
#include "api/credentials.h"
#include "base/assert.h"
#include "cache/memcached_store.h"
#include "cache/redis_bell.h"
#include "cache/redis_store.h"
#include "cache/server_url.h"
#include "crypto/seal.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto source_time_max = 10s;

/// Reads the secrets of [cache]; each that cannot be read is a mistake.
class SecretReader {
 public:
  SecretReader(const Config& config, const std::shared_ptr<Clock>& clock,
               std::vector<Mistake>& mistakes)
      : config_(config), clock_(clock), mistakes_(mistakes) {}

  /// Nothing after a mistake.
  std::shared_ptr<const crypto::KeyRing> keys() {
    std::vector<crypto::SealingKey> keys;
    for (const auto& source : config_.cache.sealing_key) {
      const auto text = load("sealing_key", source);
      if (!text) continue;
      auto key = crypto::parse_sealing_key(*text);
      if (key) {
        keys.push_back(std::move(*key));
      } else {
        note("sealing_key", key.error());
      }
    }
    if (keys.size() < config_.cache.sealing_key.size()) return nullptr;
    if (keys.size() == 2 && keys[0].id() == keys[1].id()) {
      mistakes_.push_back(cache_mistake(config_, "sealing_key",
                                        "sealing_key: both sources hold the same key",
                                        "name one of them, or make a new key with `valetkey "
                                        "keygen`"));
      return nullptr;
    }
    return std::make_shared<const crypto::KeyRing>(std::move(keys));
  }

  /// Empty where none is configured; nothing after a mistake.
  std::optional<Secret> password() {
    if (config_.cache.shared_password.empty()) return Secret();
    return load("shared_password", config_.cache.shared_password);
  }

 private:
  std::optional<Secret> load(const char* key, const std::string& source) {
    auto secret =
        source_of(config_, source, clock_)->load(Deadline{clock_->now() + source_time_max});
    if (secret) return std::move(*secret);
    note(key, secret.error());
    return std::nullopt;
  }

  void note(const std::string& key, const Error& error) {
    mistakes_.push_back(cache_mistake(config_, key, key + ": " + describe(error), error.hint));
  }

  const Config& config_;
  const std::shared_ptr<Clock>& clock_;
  std::vector<Mistake>& mistakes_;
};

cache::RedisOptions redis_options(const CacheConfig& config, const cache::SharedServers& servers,
                                  Secret password, const std::shared_ptr<Clock>& clock) {
  const auto& address = servers.addresses.front();
  cache::RedisOptions options;
  options.host = address.host;
  options.port = address.port;
  options.unix_path = address.unix_path;
  options.database = servers.database;
  options.user = config.shared_user;
  options.password = std::move(password);
  options.clock = clock;
  options.timeout = config.shared_timeout;
  return options;
}

std::shared_ptr<SharedStore> memcached_store(const CacheConfig& config,
                                             const cache::SharedServers& servers,
                                             const std::shared_ptr<Clock>& clock) {
  cache::MemcachedOptions options;
  for (const auto& address : servers.addresses) {
    cache::MemcachedServer server;
    server.host = address.host;
    server.port = address.port;
    server.path = address.unix_path;
    options.servers.push_back(std::move(server));
  }
  options.clock = clock;
  options.timeout = config.shared_timeout;
  return cache::make_memcached_store(std::move(options));
}

/// What is wrong at the start stops the start; a server that is away may come.
void try_server(const Config& config, SharedStore& store, Clock& clock,
                std::vector<Mistake>& mistakes) {
  const auto time = store.time(Deadline{clock.now() + config.cache.shared_timeout});
  // The store has warned of whatever else it was, and warns of it once.
  if (time || time.error().code != Errc::access_denied) return;
  const bool has_password = !config.cache.shared_password.empty();
  mistakes.push_back(cache_mistake(
      config, has_password ? "shared_password" : "shared", "shared: " + describe(time.error()),
      time.error().hint.empty() ? "check who may use that server" : time.error().hint));
}

}  // namespace

SharedCache open_shared_cache(const Config& config, const std::shared_ptr<Clock>& clock,
                              std::vector<Mistake>& mistakes) {
  if (config.cache.shared.empty()) return {};
  const auto servers = cache::parse_server_url(config.cache.shared);
  VALETKEY_ASSERT(servers.has_value());  // find_mistakes has seen it
  SecretReader secrets(config, clock, mistakes);
  const auto keys = secrets.keys();
  auto password = secrets.password();
  if (!keys || !password) return {};

  SharedCache shared;
  std::shared_ptr<SharedStore> plain;
  if (servers->kind == cache::ServerKind::redis) {
    auto options = redis_options(config.cache, *servers, std::move(*password), clock);
    // SECURITY: whoever may only listen at the server cannot tell the channel from a random name.
    std::vector<std::string> channels;
    for (const auto& key : keys->keys())
      channels.push_back("vk1:bell:" + key.name_for("bell"));
    shared.bell = cache::make_redis_bell(options.clone(), std::move(channels));
    plain = cache::make_redis_store(std::move(options));
  } else {
    plain = memcached_store(config.cache, *servers, clock);
  }
  try_server(config, *plain, *clock, mistakes);
  shared.sealed = std::make_shared<cache::SealedStore>(std::move(plain), keys);
  shared.store = shared.sealed;
  return shared;
}

}  // namespace valetkey::api
