// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random bytes fit for identifiers and keys.

#include <cstddef>
#include <span>
#include <string>

namespace valetkey::crypto {

/// Fills from OpenSSL's generator; ends the process if it cannot (no security without it).
void random_bytes(std::span<std::byte> fill);

[[nodiscard]] std::string random_hex(std::size_t bytes);
/// Letters and digits, evenly distributed.
[[nodiscard]] std::string random_alphanumerics(std::size_t length);
/// RFC 4122 §4.4, 36 characters.
[[nodiscard]] std::string random_uuid();

}  // namespace valetkey::crypto
