// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a program is told about its providers, its cache and its network.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"

namespace valetkey {

/// Rule V1: production unless said otherwise.
enum class Environment : std::uint8_t { production, development };

/// One `[provider.NAME]`. Texts are spelt as in the file; members that name a secret hold its
/// source ("file:/path", "env:NAME", "credential:NAME", "command:program arguments"), never the
/// secret itself (rule S2).
struct ProviderConfig {
  std::string name{};
  std::string type = "box";                  ///< or "oauth2"
  std::string base_url{};                    ///< Box; empty: https://api.box.com
  std::string upload_url{};                  ///< Box; empty: derived from base_url
  std::string issuer{};                      ///< oauth2: RFC 8414
  std::string api_url{};                     ///< oauth2: where `call` goes
  std::string grant{};                       ///< jwt, client_credentials, developer_token, refresh_token
  std::string client_id{};
  std::vector<std::string> client_secret{};  ///< one source, or two during a rotation (rule S6)
  std::string client_auth{};                 ///< RFC 7591 §2 names; empty: what the server supports
  std::string enterprise_id{};
  std::string user_id{};
  std::string app_config{};                  ///< path of Box's app-settings file (jwt)
  std::string private_key{};                 ///< source of a PEM key
  std::string private_key_passphrase{};      ///< source
  std::string key_id{};
  std::string algorithm{};                   ///< RFC 7518 §3.1; empty: RS256
  std::string developer_token{};             ///< source; development only (rule V1)
  std::string refresh_token{};               ///< source; a file, because each use brings a new one
  std::string narrow{};                      ///< "exchange" or "request"; empty: the type's habit
  std::vector<std::string> extra_scopes{};   ///< accepted although unknown to the provider's profile
};

struct CacheConfig {
  std::chrono::seconds lifetime = std::chrono::minutes(50);  ///< of an hour; scales (rule C3)
  std::size_t entries_max = 100'000;
  std::size_t bytes_max = 256 * 1024 * 1024;
  /// Servers shared with other processes: "memcached://HOST[:PORT][,HOST[:PORT]…]" (a host may be
  /// the path of a UNIX socket), "redis://HOST[:PORT][/DATABASE]", "redis:///SOCKET[?db=DATABASE]".
  /// Empty: none.
  std::string shared{};
  std::string shared_user{};                 ///< Redis ACL user; empty: the default one
  std::string shared_password{};             ///< source
  std::chrono::milliseconds shared_timeout{1000};  ///< of one question to such a server
  std::vector<std::string> sealing_key{};    ///< one source, or two during a rotation (rule C7)
};

struct HttpConfig {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  ///< of one fetch with its retries
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::size_t fetches_max = 32;  ///< at once
  std::string proxy{};           ///< empty: the environment's; "none": no proxy
  std::string ca_file{};         ///< one more trusted root (PEM); the system's stay trusted
};

struct Config {
  Environment environment = Environment::production;
  std::vector<ProviderConfig> providers{};
  CacheConfig cache{};
  HttpConfig http{};
  std::string path{};                      ///< where it was read from; relative paths start there
  std::map<std::string, unsigned> lines{}; ///< "provider.box.grant" -> its line, for messages
};

/// Reads and checks a configuration file, without opening any secret.
/// Errors: misconfigured, with every mistake of the file in `mistakes` (rule F4).
/// Blocks: reads one file.
[[nodiscard]] Result<Config> load_config(const std::string& path);

/// The same for text that was read from `path`.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& path);

/// Where a configuration is looked for, in order, when none is named: $VALETKEY_CONFIG,
/// ./valetkey.toml, the user's and the system's configuration directories.
[[nodiscard]] std::vector<std::string> config_search_path();

}  // namespace valetkey
