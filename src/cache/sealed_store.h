// SPDX-License-Identifier: Apache-2.0
#pragma once
// A cache server that learns nothing: values sealed, names hidden, whatever store is behind (rule
// C7).

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/seal.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// Names may be long and secret here. What does not open (a stranger's, an unknown key's, another
/// name's, damaged) counts as nothing there, and is overwritten by the next `put`.
///
/// While a key is replaced, each process has two. Values lie under the name that the first key of
/// whoever wrote them gives; what is not found there is looked for under the other key's, and has
/// then no version: putting it moves it. Two processes whose first keys differ may so, for as long
/// as the rotation takes, fetch the same token each once. What is put once for each copy they read
/// and write in the same places, because copies are numbered by the keys' ids and not their order.
class SealedStore final : public SharedStore {
 public:
  SealedStore(std::shared_ptr<SharedStore> inner, std::shared_ptr<const crypto::KeyRing> keys);

  [[nodiscard]] std::vector<Found> get(const std::vector<StoredName>& names,
                                       Deadline deadline) override;
  /// Blocks: one round trip; three where nothing should be and rubbish is.
  [[nodiscard]] Result<bool> put(const StoredName& name, const std::string& version,
                                 const Secret& bytes, std::chrono::milliseconds life,
                                 Deadline deadline) override;
  [[nodiscard]] Result<WallTime> time(Deadline deadline) override { return inner_->time(deadline); }
  [[nodiscard]] std::size_t copies() const override;
  [[nodiscard]] std::string description() const override { return inner_->description(); }

  /// How many values were there that did not open.
  [[nodiscard]] std::uint64_t rubbish_seen() const noexcept {
    return rubbish_seen_.load(std::memory_order_relaxed);
  }

 private:
  /// Where a name leads and what seals it there.
  struct Place {
    StoredName inner{};
    std::string associated{};
    const crypto::SealingKey* key = nullptr;
  };
  [[nodiscard]] Place place_of(const StoredName& name) const;
  [[nodiscard]] Place place_of(const StoredName& name, const crypto::SealingKey& key,
                               std::optional<std::size_t> inner_copy) const;
  [[nodiscard]] Found opened(Found found, const Place& place);
  [[nodiscard]] Result<bool> put_over_rubbish(const Place& place, const Secret& sealed,
                                              std::chrono::milliseconds life, Deadline deadline);
  void note_rubbish(const Error& error);

  const std::shared_ptr<SharedStore> inner_;           // shared with whoever stops it
  const std::shared_ptr<const crypto::KeyRing> keys_;  // shared with the bell's name
  std::vector<const crypto::SealingKey*> by_id_;
  std::atomic<std::uint64_t> rubbish_seen_{0};
};

}  // namespace valetkey::cache
