// SPDX-License-Identifier: Apache-2.0
#pragma once
// Digests, their texts, and comparison in constant time.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "valetkey/token.h"

namespace valetkey::crypto {

using Sha256 = std::array<std::byte, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
[[nodiscard]] std::string sha1_hex(std::string_view bytes);
[[nodiscard]] Fingerprint fingerprint_of(std::string_view token);

[[nodiscard]] std::string hex_of(std::span<const std::byte> bytes);

/// RFC 4648 §5 without padding, as JOSE uses it (RFC 7515 §2).
[[nodiscard]] std::string encode_base64url(std::string_view bytes);
/// Nothing for any character, length or padding that the encoder would not have made.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);
/// RFC 4648 §4, with padding.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// SECURITY: takes the same time whatever the contents; lengths are not hidden.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace valetkey::crypto
