// SPDX-License-Identifier: Apache-2.0
#pragma once
// Streams that are read to their end and kept like a secret.

#include <cstddef>
#include <string>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::cli {

/// Errors: invalid_argument when there is more than `bytes_max` or it cannot be read.
/// Blocks: until the end of the input.
[[nodiscard]] Result<Secret> read_standard_input(std::size_t bytes_max);

/// The same for a pipe or a device that has a name.
[[nodiscard]] Result<Secret> read_stream(const std::string& path, std::size_t bytes_max);

}  // namespace valetkey::cli
