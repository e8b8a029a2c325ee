// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that processes share through a Redis server.

#include <memory>

#include "cache/redis_options.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// Connects at the first question. A server that does not answer is left alone for a while, as
/// ServerHealth says; one that denies a right, or is a replica, is told of once in the log. A value
/// larger than shared_value_bytes_max is refused before it is sent: answers have a bound too, so it
/// could be written and never be read.
///
/// The user needs +get +set +eval +evalsha +time, and +select for a database other than 0.
[[nodiscard]] std::shared_ptr<SharedStore> make_redis_store(RedisOptions options);

}  // namespace valetkey::cache
