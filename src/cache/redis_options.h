// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a Redis server is and who we are to it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey::cache {

/// Without TLS, which the client library of the distribution does not have: across hosts, go
/// through a tunnel.
struct RedisOptions {
  std::string host{"127.0.0.1"};  ///< a name is looked up at each connect
  std::uint16_t port = 6379;
  std::string unix_path{};  ///< instead of host and port
  unsigned database = 0;
  std::string user{};  ///< empty: the server's default user
  Secret password{};   ///< empty: no AUTH is sent
  std::shared_ptr<Clock> clock{};
  /// Of one question, connecting included; the caller's deadline may be sooner.
  std::chrono::milliseconds timeout{1000};

  /// Secrets are copied by name alone.
  [[nodiscard]] RedisOptions clone() const;
};

/// "redis 127.0.0.1:6379/2", "redis unix:/run/redis.sock": for messages.
[[nodiscard]] std::string description_of(const RedisOptions& options);

}  // namespace valetkey::cache
