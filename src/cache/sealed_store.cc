// SPDX-License-Identifier: Apache-2.0
#include "cache/sealed_store.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace valetkey::cache {
namespace {

// What begins our names on the server, so that people can tell them from others'.
constexpr std::string_view name_prefix = "vk1:";

void append_number(std::string& to, std::uint64_t number) {
  for (unsigned shift = 64; shift != 0; shift -= 8)
    to += static_cast<char>((number >> (shift - 8)) & 0xFFU);
}

/// associated = 64-bit length of the text, the text, 64-bit number: 0 without a copy, else the
/// inner store's copy + 1. It says nothing of the keys, whose numbers change with the rotation.
std::string associated_for(std::string_view text, std::optional<std::size_t> inner_copy) {
  std::string bytes;
  bytes.reserve(text.size() + 16);
  append_number(bytes, text.size());
  bytes += text;
  append_number(bytes, inner_copy ? std::uint64_t{*inner_copy} + 1 : 0);
  return bytes;
}

bool is_nothing(const SharedStore::Found& found) {
  return found.has_value() && !found->has_value();
}

}  // namespace

SealedStore::SealedStore(std::shared_ptr<SharedStore> inner,
                         std::shared_ptr<const crypto::KeyRing> keys)
    : inner_(std::move(inner)), keys_(std::move(keys)) {
  for (const auto& key : keys_->keys())
    by_id_.push_back(&key);
  std::sort(by_id_.begin(), by_id_.end(),
            [](const auto* left, const auto* right) { return left->id() < right->id(); });
}

std::size_t SealedStore::copies() const {
  return inner_->copies() * by_id_.size();
}

SealedStore::Place SealedStore::place_of(const StoredName& name, const crypto::SealingKey& key,
                                         std::optional<std::size_t> inner_copy) const {
  Place place;
  place.inner.text = std::string(name_prefix) + key.name_for(name.text);
  place.inner.copy = inner_copy;
  place.associated = associated_for(name.text, inner_copy);
  place.key = &key;
  return place;
}

SealedStore::Place SealedStore::place_of(const StoredName& name) const {
  if (!name.copy) return place_of(name, keys_->first(), std::nullopt);
  const std::size_t each = inner_->copies();
  VALETKEY_ASSERT(*name.copy < each * by_id_.size());
  return place_of(name, *by_id_[*name.copy / each], *name.copy % each);
}

std::vector<SharedStore::Found> SealedStore::get(const std::vector<StoredName>& names,
                                                 Deadline deadline) {
  std::vector<Place> places;
  std::vector<StoredName> asked;
  for (const auto& name : names) {
    places.push_back(place_of(name));
    asked.push_back(places.back().inner);
  }
  auto answers = inner_->get(asked, deadline);
  VALETKEY_ASSERT(answers.size() == names.size());
  for (std::size_t index = 0; index < names.size(); ++index)
    answers[index] = opened(std::move(answers[index]), places[index]);
  if (keys_->keys().size() == 1) return answers;

  // Only what is missing is looked for once more, under the names that the other key gives.
  places.clear();
  asked.clear();
  std::vector<std::size_t> missing;
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (names[index].copy || !is_nothing(answers[index])) continue;
    missing.push_back(index);
    places.push_back(place_of(names[index], keys_->keys()[1], std::nullopt));
    asked.push_back(places.back().inner);
  }
  if (missing.empty()) return answers;
  auto others = inner_->get(asked, deadline);
  VALETKEY_ASSERT(others.size() == missing.size());
  for (std::size_t index = 0; index < missing.size(); ++index) {
    Found found = opened(std::move(others[index]), places[index]);
    // A server that fails at the second name has answered for the first: nothing there.
    if (!found || !*found) continue;
    (*found)->version.clear();
    answers[missing[index]] = std::move(found);
  }
  return answers;
}

SharedStore::Found SealedStore::opened(Found found, const Place& place) {
  if (!found || !*found) return found;
  auto bytes = (*found)->bytes.reveal(
      [&](std::string_view sealed) { return keys_->open(sealed, place.associated); });
  if (!bytes) {
    note_rubbish(bytes.error());
    return std::optional<StoredValue>();
  }
  (*found)->bytes = std::move(*bytes);
  return found;
}

Result<bool> SealedStore::put(const StoredName& name, const std::string& version,
                              const Secret& bytes, std::chrono::milliseconds life,
                              Deadline deadline) {
  const Place place = place_of(name);
  auto sealed = place.key->seal(bytes, place.associated);
  if (!sealed) return failure_of(std::move(sealed));
  auto put = inner_->put(place.inner, version, *sealed, life, deadline);
  if (!put || *put || !version.empty()) return put;
  return put_over_rubbish(place, *sealed, life, deadline);
}

Result<bool> SealedStore::put_over_rubbish(const Place& place, const Secret& sealed,
                                           std::chrono::milliseconds life, Deadline deadline) {
  auto answers = inner_->get({place.inner}, deadline);
  VALETKEY_ASSERT(answers.size() == 1);
  auto& there = answers.front();
  if (!there) return failure_of(std::move(there));
  if (!*there) return false;  // it went away meanwhile; who wants it asks again
  auto bytes = (*there)->bytes.reveal(
      [&](std::string_view held) { return keys_->open(held, place.associated); });
  if (bytes) return false;
  note_rubbish(bytes.error());
  return inner_->put(place.inner, (*there)->version, sealed, life, deadline);
}

void SealedStore::note_rubbish(const Error& error) {
  if (rubbish_seen_.fetch_add(1, std::memory_order_relaxed) != 0) return;
  base::log(LogLevel::warning, description() + ": " + error.context +
                                   "; it counts as nothing and is replaced (said once). " +
                                   error.hint);
}

}  // namespace valetkey::cache
