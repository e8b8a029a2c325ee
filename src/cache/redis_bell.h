// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bell that every process hears which listens at the same Redis server.

#include <memory>
#include <string>

#include "cache/redis_options.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// A ring is a message with an id of its own, published on `channel` (letters, digits, `:_-`); its
/// answer is how many the server gave it to. Each listener, once `heard` has returned, adds itself
/// to a set named after the id, and whoever rang waits until the set has as many members.
///
/// A stranger who listens on the channel never adds itself, so with one a ring takes until its
/// deadline and says false: too careful, never wrong. A process that dies between the message and
/// its answer does the same to one ring.
///
/// A line on which nothing came for half a second is asked for a sign of life, so that a listener
/// knows after `timeout` more that it is deaf.
///
/// The user needs +subscribe +publish +ping +eval +sadd +scard +pexpire and the channel (&*).
[[nodiscard]] std::shared_ptr<SharedBell> make_redis_bell(RedisOptions options,
                                                          std::string channel);

}  // namespace valetkey::cache
