// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was asked of the emulator, counted. Names and numbers only, never a token.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace valetkey::emulator {

inline constexpr std::size_t ledger_names_max = 10'000;

/// Counters by name; past `ledger_names_max` names, new ones count as "other".
class Tally {
 public:
  void count(std::string_view name);
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& by_name() const {
    return by_name_;
  }

 private:
  std::uint64_t total_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> by_name_;
};

/// Every request that reached a token endpoint counts, whatever became of it.
struct Ledger {
  Tally grants{};
  Tally subjects{};
  Tally restrictions{};
  Tally outcomes{};     ///< "200", "400", "closed" ...
  Tally revocations{};  ///< "access_token", "refresh_token", "unknown", "refused"
  Tally api_calls{};    ///< by status, or "closed" when no reply was given
};

}  // namespace valetkey::emulator
