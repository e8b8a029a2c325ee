// SPDX-License-Identifier: Apache-2.0
#include "emulator/tokens.h"

#include <algorithm>
#include <array>

#include "crypto/digest.h"
#include "crypto/random.h"

namespace valetkey::emulator {
namespace {

// Box's shapes: 32 alphanumerics, or "1!" and about 500 URL-safe characters.
std::string make_value(Shape shape) {
  if (shape == Shape::short_opaque) return crypto::random_alphanumerics(32);
  return "1!" + crypto::random_alphanumerics(500);
}

std::chrono::seconds left_of(Instant expires_at, Instant now) {
  return std::chrono::floor<std::chrono::seconds>(expires_at - now);
}

}  // namespace

std::string key_of(std::string_view token) {
  return crypto::hex_of(crypto::sha256(token));
}

bool TokenStore::has_room(Instant now) {
  if (access_.size() < tokens_max) return true;
  std::erase_if(access_, [&](const auto& at) { return at.second.expires_at <= now; });
  std::erase_if(refreshable_,
                [&](const auto& at) { return pairs_.at(at.second).refresh_expires_at <= now; });
  std::erase_if(pairs_, [&](const auto& at) {
    return at.second.refresh_expires_at <= now && at.second.access_expires_at <= now;
  });
  return access_.size() < tokens_max;
}

std::chrono::seconds TokenStore::drawn_life() const {
  if (rules_.life > std::chrono::seconds(0)) return rules_.life;
  std::array<std::byte, 2> drawn{};
  crypto::random_bytes(drawn);
  const auto number =
      std::to_integer<unsigned>(drawn[0]) * 256U + std::to_integer<unsigned>(drawn[1]);
  return std::chrono::seconds(3600U + number % 651U);
}

Issued TokenStore::issue(Holding holding, Shape shape, Instant now, const std::string& parent_key) {
  auto value = make_value(shape);
  const auto life = drawn_life();
  access_[key_of(value)] = {.holding = std::move(holding),
                            .fingerprint = crypto::fingerprint_of(value),
                            .expires_at = now + life,
                            .parent_key = parent_key};
  return {.access_token = std::move(value), .expires_in = life};
}

Issued TokenStore::issue_pair(Holding holding, Instant now) {
  const auto id = make_pair(std::move(holding), now, 0, false);
  return issued(pairs_.at(id), now);
}

std::uint64_t TokenStore::make_pair(Holding holding, Instant now, std::uint64_t previous,
                                    bool pending) {
  const auto id = ++last_pair_;
  const auto access = make_value(Shape::short_opaque);
  const auto refresh = crypto::random_alphanumerics(64);
  const auto life = drawn_life();
  access_[key_of(access)] = {.holding = holding,
                             .fingerprint = crypto::fingerprint_of(access),
                             .expires_at = now + life,
                             .pair = id};
  refreshable_[key_of(refresh)] = id;
  pairs_[id] = {.access_token = Secret(access),
                .refresh_token = Secret(refresh),
                .holding = std::move(holding),
                .access_expires_at = now + life,
                .refresh_expires_at = now + refresh_token_life,
                .pending = pending,
                .previous = previous};
  return id;
}

Issued TokenStore::issued(const Pair& pair, Instant now) const {
  Issued said;
  pair.access_token.reveal([&](std::string_view text) { said.access_token = text; });
  pair.refresh_token.reveal([&](std::string_view text) { said.refresh_token = text; });
  said.expires_in = left_of(pair.access_expires_at, now);
  return said;
}

std::optional<Issued> TokenStore::refresh(std::string_view refresh_token, Instant now,
                                          RefreshFailure& why) {
  const auto at = refreshable_.find(key_of(refresh_token));
  if (at == refreshable_.end()) {
    why = RefreshFailure::unknown;
    return std::nullopt;
  }
  const auto id = at->second;
  if (pairs_.at(id).refresh_expires_at <= now) {
    why = RefreshFailure::expired;
    return std::nullopt;
  }
  if (pairs_.at(id).pending) commit(id);
  if (const auto next = pairs_.find(pairs_.at(id).next); next != pairs_.end()) {
    if (next->second.access_expires_at > now) return issued(next->second, now);
    kill_pair(next->first);  // it expired without ever being used
  }
  const auto next = make_pair(pairs_.at(id).holding, now, id, true);
  pairs_.at(id).next = next;
  if (rules_.strict_refresh) commit(next);
  return issued(pairs_.at(next), now);
}

void TokenStore::restore(std::string_view value, Holding holding, Instant expires_at) {
  access_[key_of(value)] = {.holding = std::move(holding),
                            .fingerprint = crypto::fingerprint_of(value),
                            .expires_at = expires_at,
                            .is_shelved = true};
}

void TokenStore::shelve(std::string_view value) {
  const auto at = access_.find(key_of(value));
  if (at != access_.end()) at->second.is_shelved = true;
}

const AccessEntry* TokenStore::find(std::string_view value) const {
  const auto at = access_.find(key_of(value));
  return at == access_.end() ? nullptr : &at->second;
}

const AccessEntry* TokenStore::find_live(std::string_view value, Instant now) const {
  const auto* const entry = find(value);
  return entry != nullptr && entry->expires_at > now ? entry : nullptr;
}

const Holding* TokenStore::find_refreshable(std::string_view refresh_token) const {
  const auto at = refreshable_.find(key_of(refresh_token));
  return at == refreshable_.end() ? nullptr : &pairs_.at(at->second).holding;
}

void TokenStore::note_use(std::string_view value) {
  const auto at = access_.find(key_of(value));
  if (at == access_.end()) return;
  at->second.is_shelved = false;
  if (at->second.pair == 0) return;
  if (pairs_.at(at->second.pair).pending) commit(at->second.pair);
}

void TokenStore::commit(std::uint64_t id) {
  auto& pair = pairs_.at(id);
  pair.pending = false;
  const auto previous = std::exchange(pair.previous, 0);
  if (const auto at = pairs_.find(previous); at != pairs_.end()) {
    at->second.next = 0;
    kill_pair(previous);
  }
}

void TokenStore::kill_access(const std::string& key) {
  access_.erase(key);
  if (!rules_.revoke_cascades) return;
  std::vector<std::string> children;
  for (const auto& [child, entry] : access_) {
    if (entry.parent_key == key) children.push_back(child);
  }
  for (const auto& child : children)
    kill_access(child);
}

void TokenStore::kill_pair(std::uint64_t id) {
  const auto at = pairs_.find(id);
  if (at == pairs_.end()) return;
  const auto pair = std::move(at->second);
  pairs_.erase(at);
  kill_access(pair.access_token.reveal(key_of));
  refreshable_.erase(pair.refresh_token.reveal(key_of));
}

TokenStore::Revoked TokenStore::revoke(std::string_view value) {
  const auto key = key_of(value);
  std::uint64_t pair = 0;
  auto kind = Revoked::unknown;
  if (const auto at = access_.find(key); at != access_.end()) {
    pair = at->second.pair;
    kind = Revoked::access_token;
    if (pair == 0) kill_access(key);
  } else if (const auto found = refreshable_.find(key); found != refreshable_.end()) {
    pair = found->second;
    kind = Revoked::refresh_token;
  }
  if (pair == 0) return kind;
  // What is withdrawn is the sign-in: a pair that waits for its first use goes with the one it came
  // from, and the other way round.
  const auto previous = pairs_.at(pair).previous;
  const auto next = pairs_.at(pair).next;
  kill_pair(pair);
  kill_pair(previous);
  kill_pair(next);
  return kind;
}

std::size_t TokenStore::expire_if(const Matches& matches, Instant now) {
  std::size_t hit = 0;
  for (auto& [key, entry] : access_) {
    if (entry.expires_at <= now || !matches(entry)) continue;
    entry.expires_at = now;
    if (entry.pair != 0) pairs_.at(entry.pair).access_expires_at = now;
    ++hit;
  }
  return hit;
}

std::size_t TokenStore::revoke_if(const Matches& matches, Instant now) {
  std::vector<std::pair<std::string, std::uint64_t>> chosen;
  for (const auto& [key, entry] : access_) {
    if (entry.expires_at > now && matches(entry)) chosen.emplace_back(key, entry.pair);
  }
  for (const auto& [key, pair] : chosen) {
    if (pair == 0) {
      kill_access(key);
    } else {
      kill_pair(pair);
    }
  }
  return chosen.size();
}

std::vector<std::string> TokenStore::live_fingerprints(Instant now) const {
  std::vector<std::string> live;
  for (const auto& [key, entry] : access_) {
    if (entry.expires_at > now && !entry.is_shelved) live.emplace_back(entry.fingerprint.text());
  }
  std::sort(live.begin(), live.end());
  return live;
}

Secret TokenStore::issue_code(AuthorizationCode code) {
  const auto value = make_value(Shape::short_opaque);
  codes_[key_of(value)] = std::move(code);
  return Secret(value);
}

std::optional<AuthorizationCode> TokenStore::take_code(std::string_view value) {
  const auto at = codes_.find(key_of(value));
  if (at == codes_.end()) return std::nullopt;
  auto code = std::move(at->second);
  codes_.erase(at);
  return code;
}

const AuthorizationCode* TokenStore::find_code(std::string_view value) const {
  const auto at = codes_.find(key_of(value));
  return at == codes_.end() ? nullptr : &at->second;
}

void TokenStore::forget_old_codes(Instant now) {
  std::erase_if(
      codes_, [&](const auto& at) { return at.second.expires_at + std::chrono::hours(1) <= now; });
}

}  // namespace valetkey::emulator
