// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bell that every process hears which listens at the same Redis server.

#include <memory>
#include <string>
#include <vector>

#include "cache/redis_options.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// A ring is a message with an id of its own, published on each of `channels` (letters, digits,
/// `:_-`; at least one); the answers are how many the server gave it to. Each listener, once
/// `heard` has returned true, adds itself to a set named after the channel and the id, and whoever
/// rang waits until each channel's set has as many members. So bells hear each other that have one
/// channel in common.
///
/// A stranger who listens on the channel never adds itself, so with one a ring takes until its
/// deadline and says false: too careful, never wrong. A process that dies between the message and
/// its answer does the same to one ring, and so does one whose `heard` was false.
///
/// A line on which nothing came for half a second is asked for a sign of life, so that a listener
/// knows after `timeout` more that it is deaf.
///
/// The user needs +subscribe +publish +ping +eval +sadd +scard +pexpire and the channels (&*).
[[nodiscard]] std::shared_ptr<SharedBell> make_redis_bell(RedisOptions options,
                                                          std::vector<std::string> channels);

}  // namespace valetkey::cache
