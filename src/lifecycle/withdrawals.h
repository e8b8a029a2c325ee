// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has been revoked: tombstones of tokens, and fences in time before whole subjects.

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "lifecycle/live_tokens.h"
#include "valetkey/token.h"

namespace valetkey::lifecycle {

/// Everything of a provider, of a subject, or both; all absent: everything.
struct Reach {
  std::optional<std::size_t> provider{};
  std::optional<Subject> subject{};

  [[nodiscard]] bool covers(const Plan& plan) const {
    return (!provider || *provider == plan.provider) &&
           (!subject || *subject == plan.request.subject);
  }
};

/// Keeps a late flight from bringing back what was revoked (rule R3). Threads: any.
class Withdrawals {
 public:
  /// The order of things: a fetch that took its number before a fence was set is behind it.
  using Number = std::uint64_t;

  [[nodiscard]] Number number() const;

  /// A tombstone, until the token has ended by itself.
  void bury(const Fingerprint& fingerprint, Instant until, Instant now);
  /// Fetches under way that `reach` covers are void; they end before `until`.
  void fence(Reach reach, Instant until, Instant now);

  /// Whether the token itself is revoked.
  [[nodiscard]] bool buried(const Fingerprint& fingerprint) const;

  /// Runs `keep` unless a token whose fetch took `number` is revoked, by itself, by its parent or
  /// by a fence. No revocation comes in between: it either finds the token kept, or is found here.
  /// Returns whether `keep` ran; it must not block.
  [[nodiscard]] bool keep_unless_withdrawn(const AccessToken& token, const Plan& plan,
                                           Number number, const std::function<void()>& keep) const;

 private:
  struct Fence {
    Reach reach;
    Number number;
    Instant until;
  };
  struct State {
    std::unordered_map<Fingerprint, Instant, FingerprintHash> tombstones;
    std::vector<Fence> fences;
    Number last = 0;
    std::size_t swept_size = 0;
  };
  static void sweep(State& state, Instant now);

  base::Guarded<State> state_;
};

}  // namespace valetkey::lifecycle
