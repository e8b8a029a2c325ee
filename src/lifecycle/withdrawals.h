// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has been revoked: tombstones of tokens, and fences in time before whole subjects.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/guarded.h"
#include "lifecycle/live_tokens.h"
#include "lifecycle/shared_record.h"
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
  /// The order of things here: a fetch that took its number before a fence was set is behind it.
  using Number = std::uint64_t;

  /// A reach was revoked. Whatever of it was fetched before is void.
  struct Fence {
    std::string id{};  ///< of the revocation
    Instant at{};
    std::optional<LogPosition> position{};  ///< in the fleet's log
    Instant until{};                        ///< nothing that was fetched before lives longer
  };
  enum class Verdict : std::uint8_t { good, buried, fenced };

  [[nodiscard]] Number number() const;

  /// A tombstone, until the token has ended by itself.
  void bury(const Fingerprint& fingerprint, Instant until, Instant now);
  /// False: that revocation, or a later one of the same reach, was known already.
  bool fence(const Reach& reach, const Fence& fence, Instant now);

  /// Whether the token itself is revoked.
  [[nodiscard]] bool buried(const Fingerprint& fingerprint) const;

  /// A token that was fetched by a process which knew the log of revocations up to `position`.
  [[nodiscard]] Verdict judge(const AccessToken& token, const Plan& plan,
                              const std::optional<LogPosition>& position) const;

  /// Runs `keep` unless a token whose fetch here took `number` is revoked, by itself, by its parent
  /// or by a fence. No revocation comes in between: it either finds the token kept, or is found
  /// here. Returns whether `keep` ran; it must not block.
  /// Others go by `position`, where it is known, and so it must be good by that too.
  [[nodiscard]] bool keep_unless_withdrawn(const AccessToken& token, const Plan& plan,
                                           Number number,
                                           const std::optional<LogPosition>& position,
                                           const std::function<void()>& keep) const;
  /// The same for a token that another process fetched.
  [[nodiscard]] bool keep_unless_withdrawn(const AccessToken& token, const Plan& plan,
                                           const std::optional<LogPosition>& position,
                                           const std::function<void()>& keep) const;

 private:
  struct Standing {
    Fence fence;
    Number number = 0;
  };
  struct State {
    std::unordered_map<Fingerprint, Instant, FingerprintHash> tombstones;
    std::unordered_map<std::string, Standing> fences;  ///< by reach, the latest of each
    Number last = 0;
    std::size_t tombstones_swept = 0;
    std::size_t fences_swept = 0;
  };
  static void sweep(State& state, Instant now);
  static bool is_buried(const State& state, const AccessToken& token);
  static bool is_behind_fence(const State& state, const Plan& plan,
                              const std::function<bool(const Standing&)>& is_behind);
  static Verdict judge_in(const State& state, const AccessToken& token, const Plan& plan,
                          const std::optional<LogPosition>& position);

  base::Guarded<State> state_;
};

}  // namespace valetkey::lifecycle
