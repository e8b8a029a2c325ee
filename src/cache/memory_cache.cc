// SPDX-License-Identifier: Apache-2.0
#include "cache/memory_cache.h"

#include <utility>

namespace valetkey::cache {
namespace {

std::size_t bytes_of(const std::string& key, const CachedToken& cached) {
  constexpr std::size_t bookkeeping_bytes = 512;  // nodes, indexes and the fields of a token
  const auto& fields = cached.token.fields();
  std::size_t bytes = bookkeeping_bytes + key.size() + fields.value.size() + fields.resource.size();
  for (const auto& scope : fields.scopes)
    bytes += scope.size() + sizeof(scope);
  return bytes;
}

}  // namespace

std::optional<CachedToken> MemoryCache::find(const std::string& key) {
  return state_.with([&](State& state) -> std::optional<CachedToken> {
    const auto at = state.by_key.find(key);
    if (at == state.by_key.end()) return std::nullopt;
    ++at->second->hits;
    at->second->asked_for = true;
    return at->second->cached.share();
  });
}

void MemoryCache::store(const std::string& key, CachedToken token) {
  const std::size_t bytes = bytes_of(key, token);
  if (bytes > limits_.bytes_max || limits_.entries_max == 0) return;
  const Instant now = clock_->now();
  state_.with([&](State& state) {
    const auto at = state.by_key.find(key);
    std::uint64_t hits = 0;
    if (at != state.by_key.end()) {
      hits = at->second->hits;
      remove(state, at->second);
    }
    state.entries.push_back({key, std::move(token), bytes, hits});
    const auto made = std::prev(state.entries.end());
    state.by_key.emplace(made->key, made);
    state.by_end.emplace(made->cached.lifetime.expires_at, &*made);
    state.bytes += bytes;
    make_room(state, now);
  });
}

void MemoryCache::erase(const std::string& key, const Fingerprint& fingerprint) {
  state_.with([&](State& state) {
    const auto at = state.by_key.find(key);
    if (at == state.by_key.end()) return;
    if (at->second->cached.token.fingerprint() != fingerprint) return;
    remove(state, at->second);
  });
}

void MemoryCache::remove(State& state, Entries::iterator at) const {
  state.bytes -= at->bytes;
  state.by_end.erase({at->cached.lifetime.expires_at, &*at});
  state.by_key.erase(at->key);
  state.entries.erase(at);  // the last handle's death wipes the token
}

void MemoryCache::make_room(State& state, Instant now) const {
  const auto fits = [&] {
    return state.entries.size() <= limits_.entries_max && state.bytes <= limits_.bytes_max;
  };
  while (!fits() && !state.by_end.empty() && state.by_end.begin()->first <= now) {
    const auto at = state.by_key.find(state.by_end.begin()->second->key);
    remove(state, at->second);
  }
  while (!fits()) {
    const auto oldest = state.entries.begin();
    if (oldest->asked_for && std::next(oldest) != state.entries.end()) {
      oldest->asked_for = false;
      state.entries.splice(state.entries.end(), state.entries, oldest);
      continue;
    }
    remove(state, oldest);
  }
}

std::vector<HeldToken> MemoryCache::list() const {
  return state_.with([](const State& state) {
    std::vector<HeldToken> held;
    held.reserve(state.entries.size());
    for (const auto& entry : state.entries)
      held.push_back({entry.cached.share(), entry.hits});
    return held;
  });
}

std::size_t MemoryCache::entries() const {
  return state_.with([](const State& state) { return state.entries.size(); });
}

std::size_t MemoryCache::bytes() const {
  return state_.with([](const State& state) { return state.bytes; });
}

}  // namespace valetkey::cache
