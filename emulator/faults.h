// SPDX-License-Identifier: Apache-2.0
#pragma once
// Faults that wait for the request they match.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/message.h"
#include "valetkey/error.h"

namespace valetkey::emulator {

inline constexpr std::size_t faults_max = 1'000;
inline constexpr std::size_t huge_bytes_max = std::size_t{256} * 1024 * 1024;

struct Match {
  std::string path{};    ///< prefix; empty: any
  std::string method{};  ///< empty: any
  std::string grant{};   ///< short name of the grant; empty: any
};

struct Fault {
  Match match{};
  std::size_t times = 1;
  Delivery delivery{};
};

/// A JSON list of {"match", "times", "action"}, or one alone; `match` is a path prefix, "METHOD
/// /path", or an object with `path`, `method`, `grant`. An action has one or more of: status (with
/// headers, body, commit), delay_ms, close ("before" or "after" the commit), truncate (bytes kept),
/// malformed, slow_ms_per_byte, huge (bytes); true or the word alone is the fault at its plainest.
/// An empty list, once added, takes back all that wait.
/// Errors: invalid_argument, saying which entry is wrong and how.
[[nodiscard]] Result<std::vector<Fault>> parse_faults(std::string_view text);

class Faults {
 public:
  /// Errors: invalid_argument when there would be too many.
  [[nodiscard]] Result<void> add(std::vector<Fault> faults);
  /// Takes one use of the first fault that matches.
  [[nodiscard]] Delivery next_for(const Request& request, std::string_view grant);
  [[nodiscard]] std::size_t waiting() const { return faults_.size(); }

 private:
  std::vector<Fault> faults_;
};

}  // namespace valetkey::emulator
