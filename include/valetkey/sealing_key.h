// SPDX-License-Identifier: Apache-2.0
#pragma once
// The key by which the processes that share a cache server keep its owner from reading it.

#include "valetkey/secret.h"

namespace valetkey {

/// A new key, one line without its newline: what `CacheConfig::sealing_key` has sources of. Every
/// process that shares the server needs the same one.
[[nodiscard]] Secret generate_sealing_key();

}  // namespace valetkey
