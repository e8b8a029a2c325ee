// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values in one memcached or in several.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "valetkey/shared_store.h"
#include "valetkey/time.h"

namespace valetkey::cache {

/// A host and a port, or the path of a UNIX socket.
struct MemcachedServer {
  std::string host{};
  std::uint16_t port = 11211;
  std::string path{};

  auto operator<=>(const MemcachedServer&) const = default;
};

struct MemcachedOptions {
  /// At least one. Their order does not matter: processes that list the same servers find the same
  /// values, and number the copies alike.
  std::vector<MemcachedServer> servers{};
  std::shared_ptr<Clock> clock{};
  /// For one question, the connecting included; a caller's deadline may be sooner.
  std::chrono::milliseconds timeout{1000};
};

/// Names fall to servers by consistent hashing. A server that is away takes its names with it: they
/// are `unreachable`, the others' go on, and nothing is moved, so that no two processes ever look
/// for one name in two places.
///
/// A put with a version from before the server's restart is false, although memcached numbers its
/// values from 1 again. Values live up to thirty days, because memcached takes more for a date.
[[nodiscard]] std::shared_ptr<SharedStore> make_memcached_store(MemcachedOptions options);

}  // namespace valetkey::cache
