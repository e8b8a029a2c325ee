// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/live_tokens.h"

#include <utility>

#include "lifecycle/policy.h"

namespace valetkey::lifecycle {

void LiveTokens::remove_from(State& state, const Fingerprint& fingerprint) {
  const auto at = state.tokens.find(fingerprint);
  if (at == state.tokens.end()) return;
  state.by_end.erase({at->second.end, fingerprint});
  if (const auto& parent = at->second.live.token.fields().parent) {
    const auto siblings = state.children.find(*parent);
    if (siblings != state.children.end()) {
      siblings->second.erase(fingerprint);
      if (siblings->second.empty()) state.children.erase(siblings);
    }
  }
  state.tokens.erase(at);
}

std::vector<LiveToken> LiveTokens::add(LiveToken live, Instant now) {
  return state_.with([&](State& state) {
    const Fingerprint added = live.token.fingerprint();
    remove_from(state, added);
    const Instant end = end_of(live.token, now);
    state.by_end.emplace(end, added);
    if (const auto& parent = live.token.fields().parent) state.children[*parent].insert(added);
    state.tokens.emplace(added, Entry{std::move(live), end});

    std::vector<LiveToken> evicted;
    while (!state.by_end.empty()) {
      const auto [first_end, fingerprint] = *state.by_end.begin();
      const bool has_ended = first_end <= now;
      if (!has_ended && state.tokens.size() <= tokens_max_) break;
      if (!has_ended) {
        evicted.push_back(state.tokens.at(fingerprint).live.share());
      }
      remove_from(state, Fingerprint(fingerprint));
    }
    return evicted;
  });
}

void LiveTokens::remove(const Fingerprint& fingerprint) {
  state_.with([&](State& state) { remove_from(state, fingerprint); });
}

PlanPtr LiveTokens::find_plan(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) -> PlanPtr {
    const auto at = state.tokens.find(fingerprint);
    return at == state.tokens.end() ? nullptr : at->second.live.plan;
  });
}

std::vector<LiveToken> LiveTokens::family_of(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) {
    std::vector<LiveToken> family;
    std::vector<Fingerprint> waiting{fingerprint};
    // Descent is what servers say it is, and may run in a circle: nobody is visited twice.
    std::unordered_set<Fingerprint, FingerprintHash> seen{fingerprint};
    for (std::size_t next = 0; next < waiting.size(); ++next) {
      const auto at = state.tokens.find(waiting[next]);
      if (at != state.tokens.end()) {
        family.push_back(at->second.live.share());
      }
      const auto children = state.children.find(waiting[next]);
      if (children == state.children.end()) continue;
      for (const auto& child : children->second) {
        if (seen.insert(child).second) waiting.push_back(child);
      }
    }
    return family;
  });
}

std::vector<LiveToken> LiveTokens::matching(
    const std::function<bool(const LiveToken&)>& wanted) const {
  return state_.with([&](const State& state) {
    std::vector<LiveToken> found;
    for (const auto& [fingerprint, entry] : state.tokens) {
      if (wanted(entry.live)) found.push_back(entry.live.share());
    }
    return found;
  });
}

std::size_t LiveTokens::size() const {
  return state_.with([](const State& state) { return state.tokens.size(); });
}

}  // namespace valetkey::lifecycle
