// SPDX-License-Identifier: Apache-2.0
#pragma once
// Standard input, read to its end and kept like a secret.

#include <cstddef>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::cli {

/// Errors: invalid_argument when there is more than `bytes_max` or it cannot be read.
/// Blocks: until the end of the input.
[[nodiscard]] Result<Secret> read_standard_input(std::size_t bytes_max);

}  // namespace valetkey::cli
