// SPDX-License-Identifier: Apache-2.0
#pragma once
// State that can be reached only through its lock.

#include <mutex>
#include <utility>

namespace valetkey::base {

template <class State>
class Guarded {
 public:
  constexpr Guarded() = default;
  explicit Guarded(State state) : state_(std::move(state)) {}

  /// Runs `use` on the state under the lock. `use` must not block, call back or await. Returns by
  /// value, so that no reference to the state gets out.
  template <class Use>
  auto with(Use&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(state_);
  }
  template <class Use>
  auto with(Use&& use) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(std::as_const(state_));
  }

 private:
  mutable std::mutex mutex_;
  State state_{};
};

}  // namespace valetkey::base
