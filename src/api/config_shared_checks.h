// SPDX-License-Identifier: Apache-2.0
#pragma once
// What [cache] must say of a cache that is shared with other processes.

#include <string>
#include <string_view>
#include <vector>

#include "valetkey/config.h"

namespace valetkey::api {

/// Notes every mistake that can be seen without opening a secret or asking a server.
void check_shared_cache(const Config& config, std::vector<Mistake>& mistakes);

/// A mistake at a key of [cache], with its line; where the key is absent, with that of `shared`.
[[nodiscard]] Mistake cache_mistake(const Config& config, std::string_view key, std::string what,
                                    std::string remedy);

}  // namespace valetkey::api
