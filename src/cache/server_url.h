// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the shared cache is, as a configuration spells it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"

namespace valetkey::cache {

enum class ServerKind : std::uint8_t { memcached, redis };

[[nodiscard]] std::string_view name_of(ServerKind kind) noexcept;

/// Host and port, or the path of a UNIX socket.
struct Address {
  std::string host{};  ///< a name, or an IPv4 or IPv6 address without brackets
  std::uint16_t port = 0;
  std::string unix_path{};  ///< absolute; then host and port are empty

  bool operator==(const Address&) const = default;
};

struct SharedServers {
  ServerKind kind = ServerKind::memcached;
  std::vector<Address> addresses{};  ///< at least one; of Redis exactly one
  unsigned database = 0;             ///< of Redis

  bool operator==(const SharedServers&) const = default;
};

/// "127.0.0.1:11211", "[::1]:6379", "/run/redis.sock"
[[nodiscard]] std::string text_of(const Address& address);
/// What parses to the same.
[[nodiscard]] std::string format_server_url(const SharedServers& servers);

/// Whether what is sent there stays on this machine.
[[nodiscard]] bool is_local(const Address& address);

/// servers   = "memcached://" place *( "," place ) / "redis://" ( host-port [ "/" database ] /
///             path [ "?db=" database ] )
/// place     = host-port / path
/// host-port = host [ ":" port ]              ; a host of colons is in brackets
/// path      = "/" *( any but control, comma, question mark and at )
///
/// Errors: misconfigured. SECURITY: a password may stand in it by mistake, so no message repeats
/// anything but a scheme.
[[nodiscard]] Result<SharedServers> parse_server_url(std::string_view text);

}  // namespace valetkey::cache
