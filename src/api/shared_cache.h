// SPDX-License-Identifier: Apache-2.0
#pragma once
// The cache that a configuration shares with other processes: its servers, its keys, its bell.

#include <memory>
#include <vector>

#include "cache/sealed_store.h"
#include "valetkey/config.h"
#include "valetkey/shared_store.h"
#include "valetkey/status.h"

namespace valetkey::api {

struct SharedCache {
  std::shared_ptr<SharedStore> store{};          ///< null: no cache is shared
  std::shared_ptr<SharedBell> bell{};            ///< null: such a server has none
  std::shared_ptr<cache::SealedStore> sealed{};  ///< `store`, unless a program brought its own

  explicit operator bool() const noexcept { return store != nullptr; }
};

/// Opens what [cache] names: reads the sealing keys and the password, and asks the server one
/// question. A server that refuses us is a mistake; one that is away is not (rule C8).
///
/// The bell has a channel for each key, so that processes hear each other ring that have one key in
/// common, and so all do while keys are replaced.
///
/// Precondition: find_mistakes has found none. Blocks: files, commands, one round trip.
[[nodiscard]] SharedCache open_shared_cache(const Config& config,
                                            const std::shared_ptr<Clock>& clock,
                                            std::vector<Mistake>& mistakes);

/// What `valetkey doctor` says of it. Nothing where no cache is shared. Somebody must have begun to
/// listen to the bell. Blocks: some round trips, at most until the deadline.
void diagnose_shared_cache(const Config& config, const SharedCache& shared, Clock& clock,
                           Deadline deadline, std::vector<Finding>& findings);

}  // namespace valetkey::api
