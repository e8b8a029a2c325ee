// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tokens in this process's memory: bounded in entries and in bytes.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "valetkey/token_cache.h"

namespace valetkey::cache {

struct MemoryLimits {
  std::size_t entries_max = 100'000;
  std::size_t bytes_max = 256 * 1024 * 1024;
};

/// A held token, as `list` shows it.
struct HeldToken {
  CachedToken cached;
  std::uint64_t hits;
};

/// Evicts by least value when a limit is passed (rule C6): the expired first, soonest end first;
/// then, going round, whatever nobody has asked for since the last round.
class MemoryCache final : public TokenCache {
 public:
  /// `now` tells what is expired when room is needed.
  MemoryCache(MemoryLimits limits, std::shared_ptr<Clock> clock)
      : limits_(limits), clock_(std::move(clock)) {}

  std::optional<CachedToken> find(const std::string& key) override;
  void store(const std::string& key, CachedToken token) override;
  void erase(const std::string& key, const Fingerprint& fingerprint) override;

  [[nodiscard]] std::vector<HeldToken> list() const;
  [[nodiscard]] std::size_t entries() const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    CachedToken cached;
    std::size_t bytes;
    std::uint64_t hits = 0;
    bool asked_for = true;  ///< since the hand of the clock last came by
  };
  using Entries = std::list<Entry>;
  struct State {
    Entries entries;                                                 // in the order of the rounds
    std::unordered_map<std::string_view, Entries::iterator> by_key;  // views into `entries`
    std::set<std::pair<Instant, Entry*>> by_end;
    std::size_t bytes = 0;
  };

  void remove(State& state, Entries::iterator at) const;
  void make_room(State& state, Instant now) const;

  const MemoryLimits limits_;
  const std::shared_ptr<Clock> clock_;  // shared with whoever else tells the time
  base::Guarded<State> state_;
};

}  // namespace valetkey::cache
