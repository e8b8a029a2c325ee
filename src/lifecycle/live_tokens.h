// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every token that was fetched here and has not ended: who asked, and what was narrowed from what.

#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/guarded.h"
#include "lifecycle/plan.h"
#include "lifecycle/shared_record.h"
#include "valetkey/token.h"

namespace valetkey::lifecycle {

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& fingerprint) const noexcept {
    return std::hash<std::string_view>()(fingerprint.text());
  }
};

struct LiveToken {
  AccessToken token;
  PlanPtr plan;
  std::optional<LogPosition> position{};  ///< of its fetcher in the fleet's log of revocations

  [[nodiscard]] LiveToken share() const { return {token.share(), plan, position}; }
};

/// A cache holds one token a key; this holds also those that were replaced and still work upstream,
/// because a revocation must reach them too (rules R1, R2). Bounded: what has ended goes first,
/// then what ends soonest, which is what was replaced. Threads: any.
class LiveTokens {
 public:
  explicit LiveTokens(std::size_t tokens_max) : tokens_max_(tokens_max) {}

  /// Returns what had to go although it lives: the caller takes it out of the cache too, because
  /// what is not known here can be neither reported nor revoked.
  [[nodiscard]] std::vector<LiveToken> add(LiveToken live, Instant now);
  void remove(const Fingerprint& fingerprint);

  [[nodiscard]] PlanPtr find_plan(const Fingerprint& fingerprint) const;
  /// The token and, level by level, everything narrowed from it.
  [[nodiscard]] std::vector<LiveToken> family_of(const Fingerprint& fingerprint) const;
  [[nodiscard]] std::vector<LiveToken> matching(
      const std::function<bool(const LiveToken&)>& wanted) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    LiveToken live;
    Instant end;
  };
  struct State {
    std::unordered_map<Fingerprint, Entry, FingerprintHash> tokens;
    std::unordered_map<Fingerprint, std::unordered_set<Fingerprint, FingerprintHash>,
                       FingerprintHash>
        children;
    std::set<std::pair<Instant, Fingerprint>> by_end;
  };
  static void remove_from(State& state, const Fingerprint& fingerprint);

  const std::size_t tokens_max_;
  base::Guarded<State> state_;
};

}  // namespace valetkey::lifecycle
