// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that processes share through a Redis server.

#include <cstddef>
#include <memory>

#include "cache/redis_options.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// What is larger is refused with `exhausted` before it is sent. (The answer to a question has a
/// bound too; a value above it could be written and never be read.)
inline constexpr std::size_t redis_value_bytes_max = 1024 * 1024;

/// Connects at the first question. A server that does not answer is left alone for a while, as
/// ServerHealth says; one that denies a right, or is a replica, is told of once in the log.
///
/// The user needs +get +set +eval +evalsha +time, and +select for a database other than 0.
[[nodiscard]] std::shared_ptr<SharedStore> make_redis_store(RedisOptions options);

}  // namespace valetkey::cache
