// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where secrets live: pages left out of core dumps and, as far as allowed, out of swap.

#include <cstddef>

namespace valetkey::base {

/// Zeroed memory for a secret. Threads: any. Ends the process when memory is exhausted.
[[nodiscard]] char* allocate_secret(std::size_t size);

/// Wipes and gives back. `size` is the one asked for.
void release_secret(char* data, std::size_t size) noexcept;

/// Whether every page so far could be locked out of swap (rule S3: best effort, and said).
[[nodiscard]] bool secret_memory_is_locked() noexcept;

}  // namespace valetkey::base
