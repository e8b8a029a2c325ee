// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that a stranger may keep for us: sealed, bound to their place, under names that say
// nothing.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::crypto {

inline constexpr std::size_t master_key_bytes = 32;
/// "VK", a version, the key's id, a nonce; and behind the ciphertext its tag.
inline constexpr std::size_t sealed_header_bytes = 2 + 1 + 4 + 12;
inline constexpr std::size_t sealed_extra_bytes = sealed_header_bytes + 16;
/// Of what is inside; more than any server takes by default.
inline constexpr std::size_t sealed_plain_bytes_max = 1024 * 1024;

/// HMAC with SHA-256 (RFC 2104).
[[nodiscard]] Sha256 hmac_sha256(const Secret& key, std::string_view message);

/// HKDF with SHA-256 (RFC 5869). Limits: `size` is 1 to 8160 bytes.
[[nodiscard]] Secret hkdf_sha256(const Secret& input, std::string_view salt, std::string_view info,
                                 std::size_t size);

/// Tells keys apart and is not the key: derived like it, and as good as random.
using KeyId = std::array<std::byte, 4>;

/// One sealing key: AES-256-GCM for values, HMAC-SHA256 for their names. Threads: any.
///
/// SECURITY: nonces are random, so one key is good for 2^32 values (NIST SP 800-38D §8.3): for a
/// thousand a second, seven weeks; for a fleet of a hundred thousand tokens an hour, four years.
class SealingKey {
 public:
  /// Precondition: `master` is `master_key_bytes` long.
  [[nodiscard]] static SealingKey derive(const Secret& master);
  SealingKey(SealingKey&&) noexcept;
  SealingKey& operator=(SealingKey&&) noexcept;
  ~SealingKey();

  [[nodiscard]] const KeyId& id() const noexcept;

  /// `associated` is not in the result, and it opens with the same alone.
  /// Errors: exhausted when `plain` is larger than `sealed_plain_bytes_max`.
  [[nodiscard]] Result<Secret> seal(const Secret& plain, std::string_view associated) const;
  /// Errors: tampered_store for whatever this key did not seal with this `associated`.
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view associated) const;

  /// HMAC of `text`, base64url: 43 letters that tell nobody else what they stand for.
  [[nodiscard]] std::string name_for(std::string_view text) const;

 private:
  struct Parts;
  explicit SealingKey(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

/// The key in use and, during a rotation, the other one. Threads: any.
class KeyRing {
 public:
  /// Precondition: at least one. The first seals, all of them open.
  explicit KeyRing(std::vector<SealingKey> keys);

  [[nodiscard]] const SealingKey& first() const { return keys_.front(); }
  [[nodiscard]] const std::vector<SealingKey>& keys() const { return keys_; }

  /// As SealingKey::seal, with the first key.
  [[nodiscard]] Result<Secret> seal(const Secret& plain, std::string_view associated) const;
  /// As SealingKey::open, with whichever key it names.
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view associated) const;

 private:
  std::vector<SealingKey> keys_;
};

/// A new key in the form in which it is kept: "vk-seal-1.", 43 letters, a dot, and a checksum, by
/// which a key that was cut short or mistyped is told from one that is merely another.
[[nodiscard]] Secret generate_sealing_key();
/// The same form of a given master key. Precondition: it is `master_key_bytes` long.
[[nodiscard]] Secret format_sealing_key(const Secret& master);

/// Reads that form; blanks and newlines around it are no part of it.
///
/// Errors: misconfigured, with a context that tells apart: empty, no sealing key at all, cut short,
/// too long, a checksum that does not fit. SECURITY: no message repeats any of it.
[[nodiscard]] Result<SealingKey> parse_sealing_key(const Secret& text);

}  // namespace valetkey::crypto
