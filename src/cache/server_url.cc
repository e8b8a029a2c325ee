// SPDX-License-Identifier: Apache-2.0
#include "cache/server_url.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/nearest_word.h"
#include "base/text.h"

namespace valetkey::cache {
namespace {

constexpr std::uint16_t memcached_port = 11211;
constexpr std::uint16_t redis_port = 6379;
constexpr std::size_t host_bytes_max = 253;  // RFC 1035 §2.3.4, without the last dot
constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view scheme_end = "://";

constexpr auto example = "write shared = \"memcached://127.0.0.1:11211\" or \"redis://127.0.0.1\"";

Failure refuse(std::string what, std::string hint = example) {
  return fail(Errc::misconfigured, std::move(what), std::move(hint));
}

bool is_letter(char letter) {
  const char low = base::to_lower(letter);
  return low >= 'a' && low <= 'z';
}

std::string in_lower_case(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), base::to_lower);
  return low;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= host_bytes_max && host.front() != '-' &&
         host.front() != '.' && std::all_of(host.begin(), host.end(), [](char letter) {
           return is_letter(letter) || base::is_digit(letter) || letter == '-' || letter == '.' ||
                  letter == '_';
         });
}

bool is_ipv6(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return !host.contains('\0') && inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

Failure explain_no_scheme(std::string_view text) {
  if (text.empty()) return refuse("shared is empty");
  if (text.starts_with('/') || text.starts_with('.') || text.starts_with('~')) {
    return refuse("shared looks like a path and does not say whose",
                  "write memcached:///path or redis:///path, with three slashes");
  }
  return refuse("shared does not say which kind of server it is");
}

Failure explain_scheme(const std::string& scheme) {
  if (scheme == "rediss") {
    return refuse("shared: rediss:// is Redis with TLS, which this build has not",
                  "go through a tunnel (stunnel, WireGuard, ssh) and write redis://127.0.0.1:PORT; "
                  "values are sealed in any case");
  }
  const bool is_word = scheme.size() <= 20 && std::all_of(scheme.begin(), scheme.end(), is_letter);
  if (!is_word || scheme.empty()) return explain_no_scheme("?");
  const std::string nearest = base::nearest_word(scheme, {"memcached", "redis"});
  return refuse(
      "shared: the scheme " + scheme + ":// is unknown",
      nearest.empty() ? "write memcached:// or redis://" : "did you mean " + nearest + "://?");
}

Result<std::uint16_t> parse_port(std::string_view text) {
  const auto port = base::all_digits(text) ? base::parse_number<std::uint16_t>(text) : std::nullopt;
  if (port && *port != 0) return *port;
  return refuse("shared: what follows the colon is no port",
                "write a number from 1 to 65535 after it, or leave both out");
}

Result<unsigned> parse_database(std::string_view text) {
  const auto number =
      base::all_digits(text) ? base::parse_number<std::uint16_t>(text) : std::nullopt;
  if (number) return unsigned{*number};
  return refuse("shared: the database is no number from 0 to 65535",
                "write redis://HOST/0, or for a socket redis:///PATH?db=0");
}

Result<Address> parse_path(std::string_view path) {
  const bool has_control = std::any_of(path.begin(), path.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  });
  if (path.size() < 2 || path.ends_with('/') || has_control) {
    return refuse("shared: the path of the UNIX socket is none",
                  "write the whole path, as in redis:///run/redis/redis.sock");
  }
  if (path.size() > path_bytes_max) {
    return refuse("shared: the path of the UNIX socket is longer than the kernel takes, which is " +
                      std::to_string(path_bytes_max) + " bytes",
                  "use a shorter path, or a link to it");
  }
  return Address{.host = {}, .port = 0, .unix_path = std::string(path)};
}

/// Host and port with nothing behind them.
Result<Address> parse_host_port(std::string_view text, std::uint16_t usual_port) {
  Address address;
  address.port = usual_port;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    const std::string inside(text.substr(1, end == std::string_view::npos ? end : end - 1));
    if (end == std::string_view::npos || !is_ipv6(inside)) {
      return refuse("shared: what is in brackets is no IPv6 address", "write it as in [::1]:6379");
    }
    address.host = in_lower_case(inside);
    rest = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    address.host = in_lower_case(text.substr(0, colon));
    rest = text.substr(colon);
    if (rest.substr(std::min<std::size_t>(1, rest.size())).contains(':')) {
      return refuse("shared: a host has more than one colon",
                    "write an IPv6 address in brackets, as in [::1]:6379");
    }
    if (address.host.empty()) return refuse("shared: a host is missing");
    if (!is_host_name(address.host)) {
      return refuse("shared: a host is neither a name nor an address");
    }
  }
  if (rest.empty()) return address;
  if (!rest.starts_with(':')) {
    return refuse("shared: there is something between the address and its port",
                  "write it as in [::1]:6379");
  }
  auto port = parse_port(rest.substr(1));
  if (!port) return failure_of(std::move(port));
  address.port = *port;
  return address;
}

Result<Address> parse_memcached_place(std::string_view text) {
  if (text.starts_with('/')) return parse_path(text);
  if (text.contains('/')) {
    return refuse("shared: a host is followed by a path, which Memcached does not know",
                  "remove the path; a UNIX socket has its whole path, as in "
                  "memcached:///run/memcached.sock");
  }
  return parse_host_port(text, memcached_port);
}

Result<SharedServers> parse_memcached(std::string_view text) {
  SharedServers servers;
  if (text.contains('?')) {
    return refuse("shared: Memcached's has a ? and nothing is known to follow it",
                  "remove it and the rest");
  }
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    auto address = parse_memcached_place(base::trimmed(text.substr(at, end - at)));
    if (!address) return failure_of(std::move(address));
    const auto same = std::find(servers.addresses.begin(), servers.addresses.end(), *address);
    if (same != servers.addresses.end()) {
      return refuse("shared: names the same server twice", "name each server once");
    }
    servers.addresses.push_back(std::move(*address));
    if (servers.addresses.size() > base::cache_servers_max) {
      return refuse(
          "shared: names more than " + std::to_string(base::cache_servers_max) + " servers",
          "name fewer; a token is small");
    }
    at = end + 1;
  }
  return servers;
}

Result<SharedServers> parse_redis(std::string_view text) {
  if (text.contains(',')) {
    return refuse("shared: names several Redis servers, and one is what can be used",
                  "name one; for several servers use memcached://");
  }
  SharedServers servers;
  servers.kind = ServerKind::redis;
  const auto query_at = std::min(text.find('?'), text.size());
  std::string_view query = text.substr(query_at);
  std::string_view place = text.substr(0, query_at);
  std::optional<std::string_view> database;
  const bool is_path = place.starts_with('/');
  if (!query.empty()) {
    if (!is_path || !query.starts_with("?db=")) {
      return refuse("shared: what follows the ? is not known",
                    "write redis://HOST:PORT/DATABASE or redis:///PATH?db=DATABASE");
    }
    database = query.substr(4);
  }
  if (!is_path) {
    const auto slash = std::min(place.find('/'), place.size());
    if (slash + 1 < place.size()) database = place.substr(slash + 1);
    place = place.substr(0, slash);
  }
  auto address = is_path ? parse_path(place) : parse_host_port(place, redis_port);
  if (!address) return failure_of(std::move(address));
  servers.addresses.push_back(std::move(*address));
  if (database) {
    auto number = parse_database(*database);
    if (!number) return failure_of(std::move(number));
    servers.database = *number;
  }
  return servers;
}

}  // namespace

std::string_view name_of(ServerKind kind) noexcept {
  return kind == ServerKind::redis ? "redis" : "memcached";
}

std::string text_of(const Address& address) {
  if (!address.unix_path.empty()) return address.unix_path;
  const bool has_colons = address.host.contains(':');
  return (has_colons ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port);
}

std::string format_server_url(const SharedServers& servers) {
  std::string text = std::string(name_of(servers.kind)) + std::string(scheme_end);
  for (std::size_t index = 0; index < servers.addresses.size(); ++index)
    text += (index == 0 ? "" : ",") + text_of(servers.addresses[index]);
  if (servers.kind != ServerKind::redis || servers.database == 0) return text;
  const bool is_path = !servers.addresses.front().unix_path.empty();
  return text + (is_path ? "?db=" : "/") + std::to_string(servers.database);
}

bool is_local(const Address& address) {
  if (!address.unix_path.empty() || address.host == "localhost" || address.host == "::1") {
    return true;
  }
  std::array<unsigned char, sizeof(in_addr)> bytes{};
  return inet_pton(AF_INET, address.host.c_str(), bytes.data()) == 1 && bytes[0] == 127;
}

Result<SharedServers> parse_server_url(std::string_view text) {
  if (text.size() > base::url_bytes_max) return refuse("shared is longer than 2048 bytes");
  // SECURITY: rule S2. Whatever stands before an @ is meant as a user or a password.
  if (text.contains('@')) {
    return refuse(
        "shared: has an @, and a user or a password has no place in it",
        "write shared_user = \"NAME\" and shared_password = \"file:/path/of/a/0600/file\" "
        "instead; then replace the password, because this file was not meant to keep one");
  }
  const auto end = text.find(scheme_end);
  if (end == std::string_view::npos) return explain_no_scheme(text);
  const std::string scheme = in_lower_case(text.substr(0, end));
  const std::string_view rest = text.substr(end + scheme_end.size());
  if (scheme == "memcached") return parse_memcached(rest);
  if (scheme == "redis") return parse_redis(rest);
  return explain_scheme(scheme);
}

}  // namespace valetkey::cache
