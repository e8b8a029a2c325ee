// SPDX-License-Identifier: Apache-2.0
// Addresses of cache servers: an accepted one is written down and read back as the same.

#include "cache/server_url.h"
#include "fuzz/fuzz_input.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::Input(data, size).rest());
  const auto servers = cache::parse_server_url(text);
  if (!servers) return fuzz::check_error(servers.error()), 0;
  VALETKEY_ASSERT(!text.contains('@'));
  VALETKEY_ASSERT(!servers->addresses.empty());
  VALETKEY_ASSERT(servers->kind == cache::ServerKind::memcached || servers->addresses.size() == 1);
  for (const auto& address : servers->addresses) {
    const bool is_path = address.unix_path.starts_with('/');
    VALETKEY_ASSERT(is_path == address.host.empty() && is_path == (address.port == 0));
    VALETKEY_ASSERT(address.unix_path.size() < 108 && !address.unix_path.contains('\0'));
  }
  VALETKEY_ASSERT(*cache::parse_server_url(cache::format_server_url(*servers)) == *servers);
  return 0;
}
