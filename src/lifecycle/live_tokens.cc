// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/live_tokens.h"

namespace valetkey::lifecycle {
namespace {

// A token of unknown end is kept as long as the longest-lived known one.
Instant end_of(const AccessToken& token) {
  return token.expires_at().value_or(Instant::max());
}

}  // namespace

void LiveTokens::remove_from(State& state, const Fingerprint& fingerprint) {
  const auto at = state.tokens.find(fingerprint);
  if (at == state.tokens.end()) return;
  const auto& token = at->second.token;
  state.by_end.erase({end_of(token), fingerprint});
  if (const auto& parent = token.fields().parent) {
    const auto siblings = state.children.find(*parent);
    if (siblings != state.children.end()) {
      siblings->second.erase(fingerprint);
      if (siblings->second.empty()) state.children.erase(siblings);
    }
  }
  state.tokens.erase(at);
}

void LiveTokens::add(LiveToken live, Instant now) {
  state_.with([&](State& state) {
    const Fingerprint fingerprint = live.token.fingerprint();
    remove_from(state, fingerprint);
    state.by_end.emplace(end_of(live.token), fingerprint);
    if (const auto& parent = live.token.fields().parent) {
      state.children[*parent].insert(fingerprint);
    }
    state.tokens.emplace(fingerprint, std::move(live));
    while (!state.by_end.empty() &&
           (state.by_end.begin()->first <= now || state.tokens.size() > tokens_max_)) {
      remove_from(state, Fingerprint(state.by_end.begin()->second));
    }
  });
}

void LiveTokens::remove(const Fingerprint& fingerprint) {
  state_.with([&](State& state) { remove_from(state, fingerprint); });
}

PlanPtr LiveTokens::find_plan(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) -> PlanPtr {
    const auto at = state.tokens.find(fingerprint);
    return at == state.tokens.end() ? nullptr : at->second.plan;
  });
}

std::vector<LiveToken> LiveTokens::family_of(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) {
    std::vector<LiveToken> family;
    std::vector<Fingerprint> waiting{fingerprint};
    for (std::size_t next = 0; next < waiting.size(); ++next) {
      const auto at = state.tokens.find(waiting[next]);
      if (at != state.tokens.end()) {
        family.push_back({at->second.token.share(), at->second.plan});
      }
      const auto children = state.children.find(waiting[next]);
      if (children == state.children.end()) continue;
      waiting.insert(waiting.end(), children->second.begin(), children->second.end());
    }
    return family;
  });
}

std::vector<LiveToken> LiveTokens::matching(
    const std::function<bool(const AccessToken&, const Plan&)>& wanted) const {
  return state_.with([&](const State& state) {
    std::vector<LiveToken> found;
    for (const auto& [fingerprint, live] : state.tokens) {
      if (wanted(live.token, *live.plan)) found.push_back({live.token.share(), live.plan});
    }
    return found;
  });
}

std::size_t LiveTokens::size() const {
  return state_.with([](const State& state) { return state.tokens.size(); });
}

}  // namespace valetkey::lifecycle
