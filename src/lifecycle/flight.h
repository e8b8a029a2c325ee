// SPDX-License-Identifier: Apache-2.0
#pragma once
// One fetch in the air, and everybody who waits for it.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/token.h"

namespace valetkey::lifecycle {

/// Belongs to no caller (rule C5): each waiter has its own deadline, and leaving harms nobody.
/// Threads: any.
class Flight {
 public:
  /// True for the one who may fly it. A flight that waits in a queue may be claimed by whoever
  /// needs it first.
  [[nodiscard]] bool claim();

  /// Tells the waiters that an attempt failed and that more will follow.
  void note_failure(const Error& error);

  /// Notes of this flight, past and to come, are noted by `child` too: a token is narrowed from
  /// what this one brings, and who waits for it wants to know.
  void tell(const std::shared_ptr<Flight>& child);

  void land(Result<AccessToken> landing);

  /// Waits for the landing. When the deadline passes first: timed_out, or the failure noted last,
  /// which says more. Blocks: until then.
  [[nodiscard]] Result<AccessToken> await(Clock& clock, Deadline deadline);

  /// For a caller who could do without: waits for the landing, but not beyond the first noted
  /// failure or the deadline. Nothing: it did not land well in time. Blocks: until then.
  [[nodiscard]] std::optional<AccessToken> await_or_leave(Clock& clock, Deadline deadline);

 private:
  std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  bool claimed_ = false;
  std::optional<Result<AccessToken>> landing_;
  std::optional<Error> noted_;
  std::vector<std::weak_ptr<Flight>> children_;
};

/// Shared by the registry, the thread that flies it and the waiters.
using FlightPtr = std::shared_ptr<Flight>;

}  // namespace valetkey::lifecycle
