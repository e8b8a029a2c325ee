// SPDX-License-Identifier: Apache-2.0
#include "http/curl_line.h"

namespace valetkey::http {

CurlLine CurlLines::take() {
  auto found = state_.with([](State& state) -> std::vector<CurlLine> {
    std::vector<CurlLine> taken;
    if (!state.idle.empty()) {
      taken.push_back(std::move(state.idle.back()));
      state.idle.pop_back();
    }
    return taken;
  });
  CurlLine line = found.empty() ? CurlLine() : std::move(found.front());
  if (line.usable()) state_.with([&](State& state) { state.busy.insert(line.multi.get()); });
  return line;
}

void CurlLines::give_back(CurlLine line) {
  if (!line.usable()) return;
  curl_easy_reset(line.easy.get());  // forgets the request; keeps its connections
  state_.with([&](State& state) {
    state.busy.erase(line.multi.get());
    if (state.idle.size() < idle_max_) state.idle.push_back(std::move(line));
  });
  // A line too many dies here, outside the lock, because closing a TLS connection writes to it.
}

void CurlLines::wake_all() {
  state_.with([](State& state) {
    for (auto* const multi : state.busy)
      curl_multi_wakeup(multi);
  });
}

}  // namespace valetkey::http
