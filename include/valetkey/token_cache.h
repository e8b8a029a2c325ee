// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where tokens are kept between two asks, and how long each is good for what.

#include <optional>
#include <string>

#include "valetkey/token.h"

namespace valetkey {

/// The instants that part a token's zones (rule C4): fresh until `ahead_at`, then ahead until
/// `cached_until`, then stale until `dead_at`, then dead. The server's own end is `expires_at`.
struct Lifetime {
  Instant ahead_at{};
  Instant cached_until{};
  Instant dead_at{};
  Instant expires_at{};

  bool operator==(const Lifetime&) const = default;
};

struct CachedToken {
  AccessToken token;
  Lifetime lifetime;

  [[nodiscard]] CachedToken share() const { return {token.share(), lifetime}; }
};

/// Keeps tokens by key. Losing one costs a fetch and never an answer. Threads: any.
class TokenCache {
 public:
  virtual ~TokenCache() = default;

  [[nodiscard]] virtual std::optional<CachedToken> find(const std::string& key) = 0;
  virtual void store(const std::string& key, CachedToken token) = 0;
  /// Removes the key's token if it is the one with that fingerprint, and no newer one.
  virtual void erase(const std::string& key, const Fingerprint& fingerprint) = 0;
};

}  // namespace valetkey
