// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/withdrawals.h"

#include <algorithm>

namespace valetkey::lifecycle {

Withdrawals::Number Withdrawals::number() const {
  return state_.with([](const State& state) { return state.last; });
}

void Withdrawals::sweep(State& state, Instant now) {
  std::erase_if(state.fences, [now](const Fence& fence) { return fence.until <= now; });
  if (state.tombstones.size() < state.swept_size * 2 + 64) return;
  std::erase_if(state.tombstones, [now](const auto& one) { return one.second <= now; });
  state.swept_size = state.tombstones.size();
}

void Withdrawals::bury(const Fingerprint& fingerprint, Instant until, Instant now) {
  state_.with([&](State& state) {
    sweep(state, now);
    auto& end = state.tombstones[fingerprint];
    end = std::max(end, until);
  });
}

void Withdrawals::fence(Reach reach, Instant until, Instant now) {
  state_.with([&](State& state) {
    sweep(state, now);
    state.fences.push_back({std::move(reach), ++state.last, until});
  });
}

bool Withdrawals::buried(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) { return state.tombstones.contains(fingerprint); });
}

bool Withdrawals::keep_unless_withdrawn(const AccessToken& token, const Plan& plan, Number number,
                                        const std::function<void()>& keep) const {
  return state_.with([&](const State& state) {
    if (state.tombstones.contains(token.fingerprint())) return false;
    const auto& parent = token.fields().parent;
    if (parent && state.tombstones.contains(*parent)) return false;
    const bool is_fenced = std::any_of(
        state.fences.begin(), state.fences.end(),
        [&](const Fence& fence) { return fence.number > number && fence.reach.covers(plan); });
    if (is_fenced) return false;
    keep();
    return true;
  });
}

}  // namespace valetkey::lifecycle
