// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/withdrawals.h"

#include <algorithm>
#include <array>
#include <utility>

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

/// How far two machines of a fleet may disagree about the order of things, where the log of
/// revocations cannot tell it. To err costs a fetch; to err the other way would serve what was
/// revoked.
constexpr auto disagreement = 5s;

std::string name_of_reach(const std::optional<std::size_t>& provider,
                          const std::optional<Subject>& subject) {
  std::string name = provider ? std::to_string(*provider) : "*";
  name += subject ? "/" + text_of(*subject) : "";
  return name;
}

/// By the log where it knows both, because machines' clocks differ; else by time.
bool comes_before(const Withdrawals::Fence& one, const Withdrawals::Fence& other) {
  if (one.position && other.position && one.position->epoch == other.position->epoch) {
    return one.position->slot < other.position->slot;
  }
  return one.at < other.at;
}

bool was_fetched_before(const Withdrawals::Fence& fence, const AccessToken& token,
                        const std::optional<LogPosition>& position) {
  // A place alone acquits nobody: a server that came back with an older state may have given it out
  // twice.
  if (token.fields().sent_at + disagreement < fence.at) return true;
  if (position && fence.position && position->epoch == fence.position->epoch) {
    return position->slot < fence.position->slot;
  }
  return token.fields().sent_at <= fence.at + disagreement;
}

}  // namespace

Withdrawals::Number Withdrawals::number() const {
  return state_.with([](const State& state) { return state.last; });
}

void Withdrawals::sweep(State& state, Instant now) {
  if (state.fences.size() >= state.fences_swept * 2 + 64) {
    std::erase_if(state.fences, [now](const auto& one) { return one.second.fence.until <= now; });
    state.fences_swept = state.fences.size();
  }
  if (state.tombstones.size() < state.tombstones_swept * 2 + 64) return;
  std::erase_if(state.tombstones, [now](const auto& one) { return one.second <= now; });
  state.tombstones_swept = state.tombstones.size();
}

void Withdrawals::bury(const Fingerprint& fingerprint, Instant until, Instant now) {
  state_.with([&](State& state) {
    sweep(state, now);
    auto& end = state.tombstones[fingerprint];
    end = std::max(end, until);
  });
}

bool Withdrawals::fence(const Reach& reach, const Fence& fence, Instant now) {
  return state_.with([&](State& state) {
    sweep(state, now);
    auto [at, is_first] = state.fences.try_emplace(name_of_reach(reach.provider, reach.subject));
    Standing& standing = at->second;
    if (!is_first && standing.fence.id == fence.id) {
      // Our own, read back from the log, or one that was written again after the log was lost.
      const auto& known = standing.fence.position;
      const bool is_later = known && fence.position && known->epoch == fence.position->epoch &&
                            known->slot < fence.position->slot;
      if (fence.position && !is_later) standing.fence.position = fence.position;
      return false;
    }
    if (!is_first && comes_before(fence, standing.fence)) {
      // Our own of just now, beside one from a machine whose clock is ahead: it changes nothing but
      // for the flights that are in the air here.
      if (!fence.position) standing.number = ++state.last;
      return false;
    }
    const Fence before = std::exchange(standing.fence, fence);
    if (!is_first) {
      standing.fence.at = std::max(before.at, fence.at);
      standing.fence.until = std::max(before.until, fence.until);
    }
    standing.number = ++state.last;
    return true;
  });
}

bool Withdrawals::buried(const Fingerprint& fingerprint) const {
  return state_.with([&](const State& state) { return state.tombstones.contains(fingerprint); });
}

bool Withdrawals::is_buried(const State& state, const AccessToken& token) {
  if (state.tombstones.contains(token.fingerprint())) return true;
  const auto& parent = token.fields().parent;
  return parent && state.tombstones.contains(*parent);
}

bool Withdrawals::is_behind_fence(const State& state, const Plan& plan,
                                  const std::function<bool(const Standing&)>& is_behind) {
  if (state.fences.empty()) return false;
  const std::optional<std::size_t> provider = plan.provider;
  const std::optional<Subject> subject = plan.request.subject;
  const std::array<std::string, 4> reaches{
      name_of_reach(provider, subject), name_of_reach(provider, std::nullopt),
      name_of_reach(std::nullopt, subject), name_of_reach(std::nullopt, std::nullopt)};
  return std::any_of(reaches.begin(), reaches.end(), [&](const std::string& reach) {
    const auto at = state.fences.find(reach);
    return at != state.fences.end() && is_behind(at->second);
  });
}

Withdrawals::Verdict Withdrawals::judge_in(const State& state, const AccessToken& token,
                                           const Plan& plan,
                                           const std::optional<LogPosition>& position) {
  if (is_buried(state, token)) return Verdict::buried;
  const bool is_fenced = is_behind_fence(state, plan, [&](const Standing& standing) {
    return was_fetched_before(standing.fence, token, position);
  });
  return is_fenced ? Verdict::fenced : Verdict::good;
}

Withdrawals::Verdict Withdrawals::judge(const AccessToken& token, const Plan& plan,
                                        const std::optional<LogPosition>& position) const {
  return state_.with([&](const State& state) { return judge_in(state, token, plan, position); });
}

bool Withdrawals::keep_unless_withdrawn(const AccessToken& token, const Plan& plan, Number number,
                                        const std::optional<LogPosition>& position,
                                        const std::function<void()>& keep) const {
  const auto is_behind = [&](const Standing& standing) {
    const auto& place = standing.fence.position;
    const bool is_placed = position && place && position->epoch == place->epoch;
    return standing.number > number || (is_placed && position->slot < place->slot);
  };
  return state_.with([&](const State& state) {
    const bool is_void = is_buried(state, token) || is_behind_fence(state, plan, is_behind);
    if (!is_void) keep();
    return !is_void;
  });
}

bool Withdrawals::keep_unless_withdrawn(const AccessToken& token, const Plan& plan,
                                        const std::optional<LogPosition>& position,
                                        const std::function<void()>& keep) const {
  return state_.with([&](const State& state) {
    if (judge_in(state, token, plan, position) != Verdict::good) return false;
    keep();
    return true;
  });
}

}  // namespace valetkey::lifecycle
