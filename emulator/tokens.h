// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every token that was issued: whose it is, what it is good for, and until when.
//
// Refresh tokens follow Box's rule, not its documentation: a refresh makes a *pending* pair, and
// the pair it came from dies only when the pending pair's access token is first used. Until then
// the same refresh gives the same pair again, so a lost reply loses nothing. The strict mode does
// what the documentation says. Values are kept only where they must be said again.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/secret.h"
#include "valetkey/time.h"
#include "valetkey/token.h"

namespace valetkey::emulator {

inline constexpr std::size_t tokens_max = 200'000;
inline constexpr std::chrono::hours refresh_token_life{24 * 60};
inline constexpr std::chrono::seconds code_life{30};

/// What a token is good for, and in whose name.
struct Holding {
  std::string user_id{};              ///< the account it acts for
  std::string subject{};              ///< "user:ID" or "enterprise:ID"
  std::vector<std::string> scopes{};  ///< sorted
  std::string item_id{};              ///< of the only item, with all below it; empty: everything
  bool downscoped = false;
};

struct AccessEntry {
  Holding holding{};
  Fingerprint fingerprint{};
  Instant expires_at{};
  std::uint64_t pair = 0;    ///< 0: none
  std::string parent_key{};  ///< digest of the token that it was narrowed from
  bool is_shelved = false;   ///< written to a file by us, and nobody has used it yet
};

/// A token that has just been issued, or is said again.
struct Issued {
  std::string access_token{};
  std::string refresh_token{};  ///< empty: none
  std::chrono::seconds expires_in{};
};

struct AuthorizationCode {
  Holding holding{};
  std::string redirect_uri{};
  std::string code_challenge{};
  Instant expires_at{};
};

enum class RefreshFailure : std::uint8_t { unknown, expired };
enum class Shape : std::uint8_t { short_opaque, long_opaque };

struct TokenRules {
  bool strict_refresh = false;
  bool revoke_cascades = false;
  std::chrono::seconds life{0};  ///< 0: drawn from 3600 to 4250
};

/// Not thread-safe: lives on one thread.
class TokenStore {
 public:
  explicit TokenStore(TokenRules rules) : rules_(rules) {}

  /// Whether one more fits; throws out what has expired first.
  [[nodiscard]] bool has_room(Instant now);
  Issued issue(Holding holding, Shape shape, Instant now, const std::string& parent_key = {});
  Issued issue_pair(Holding holding, Instant now);
  /// The state table of the refresh rule above.
  [[nodiscard]] std::optional<Issued> refresh(std::string_view refresh_token, Instant now,
                                              RefreshFailure& why);
  /// A token that lies in a file until somebody uses it; the ledger does not count it among the
  /// live ones before.
  void shelve(std::string_view value);
  /// Makes a token again that was written down before a reset; it is shelved.
  void restore(std::string_view value, Holding holding, Instant expires_at);

  /// Neither expired nor revoked.
  [[nodiscard]] const AccessEntry* find_live(std::string_view value, Instant now) const;
  [[nodiscard]] const AccessEntry* find(std::string_view value) const;
  [[nodiscard]] const Holding* find_refreshable(std::string_view refresh_token) const;
  /// The first use of a pending pair's access token commits it.
  void note_use(std::string_view value);

  enum class Revoked : std::uint8_t { unknown, access_token, refresh_token };
  Revoked revoke(std::string_view value);

  /// Behind the client's back. Each says how many live access tokens it hit.
  using Matches = std::function<bool(const AccessEntry&)>;
  std::size_t expire_if(const Matches& matches, Instant now);
  std::size_t revoke_if(const Matches& matches, Instant now);
  [[nodiscard]] std::vector<std::string> live_fingerprints(Instant now) const;

  Secret issue_code(AuthorizationCode code);
  /// Single use: it is gone afterwards, whether it had expired or not.
  [[nodiscard]] std::optional<AuthorizationCode> take_code(std::string_view value);
  [[nodiscard]] const AuthorizationCode* find_code(std::string_view value) const;
  /// So that an expired code is told apart from an unknown one.
  void forget_old_codes(Instant now);

 private:
  struct Pair {
    Secret access_token{};
    Secret refresh_token{};
    Holding holding{};
    Instant access_expires_at{};
    Instant refresh_expires_at{};
    bool pending = false;
    std::uint64_t previous = 0;
    std::uint64_t next = 0;
  };

  [[nodiscard]] std::chrono::seconds drawn_life() const;
  std::uint64_t make_pair(Holding holding, Instant now, std::uint64_t previous, bool pending);
  [[nodiscard]] Issued issued(const Pair& pair, Instant now) const;
  void commit(std::uint64_t id);
  void kill_pair(std::uint64_t id);
  void kill_access(const std::string& key);

  TokenRules rules_;
  std::map<std::string, AccessEntry, std::less<>> access_;         // by digest
  std::map<std::string, std::uint64_t, std::less<>> refreshable_;  // by digest
  std::map<std::uint64_t, Pair> pairs_;
  std::map<std::string, AuthorizationCode, std::less<>> codes_;  // by digest
  std::uint64_t last_pair_ = 0;
};

/// The digest under which a token is kept.
[[nodiscard]] std::string key_of(std::string_view token);

}  // namespace valetkey::emulator
