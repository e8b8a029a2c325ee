// SPDX-License-Identifier: Apache-2.0
#include "cache/server_health.h"

#include <algorithm>

#include "base/log.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds pause_first = 250ms;
constexpr std::chrono::nanoseconds pause_max = 1s;

std::chrono::nanoseconds pause_after(unsigned failures) {
  const unsigned doublings = std::min(failures == 0 ? 0U : failures - 1U, 8U);
  return std::min(pause_first * (1U << doublings), pause_max);
}

}  // namespace

bool ServerHealth::may_ask(Instant now) {
  return state_.with([now](State& state) {
    if (state.failures == 0) return true;
    if (now < state.next_at) return false;
    state.probing = true;
    state.next_at = now + pause_after(state.failures);  // whoever comes next waits for this one
    return true;
  });
}

Error ServerHealth::away() const {
  return state_.with([](const State& state) { return state.last; });
}

bool ServerHealth::is_well() const {
  return state_.with([](const State& state) { return state.failures == 0; });
}

void ServerHealth::failed(const Error& error, Instant now) {
  const bool is_news = state_.with([&](State& state) {
    state.last = error;
    // Of the many that were under way when the server went, the first alone counts.
    if (state.failures != 0 && !state.probing) return false;
    state.probing = false;
    state.next_at = now + pause_after(++state.failures);
    return state.failures == 1;
  });
  if (!is_news) return;
  // The error names the server.
  base::log(LogLevel::warning,
            describe(error) + "; each process fetches its own tokens until it answers");
}

void ServerHealth::answered() {
  const bool was_away = state_.with([](State& state) {
    const bool away = state.failures != 0;
    state.failures = 0;
    state.probing = false;
    return away;
  });
  if (was_away) base::log(LogLevel::info, name_ + " is back");
}

}  // namespace valetkey::cache
