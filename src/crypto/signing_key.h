// SPDX-License-Identifier: Apache-2.0
#pragma once
// Private keys that sign and public keys that verify (RFC 7518 §3).

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "valetkey/error.h"
#include "valetkey/secret.h"

struct evp_pkey_st;

namespace valetkey::crypto {

enum class JwsAlgorithm : std::uint8_t { rs256, rs384, rs512, ps256, es256, es384, eddsa };

/// "RS256" and its like; nothing for any other text, `none` above all.
[[nodiscard]] std::optional<JwsAlgorithm> find_algorithm(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(JwsAlgorithm algorithm) noexcept;

struct KeyDeleter {
  void operator()(evp_pkey_st* key) const noexcept;
};
using KeyPtr = std::unique_ptr<evp_pkey_st, KeyDeleter>;

/// A public key. Threads: any.
class VerifyKey {
 public:
  explicit VerifyKey(KeyPtr key) : key_(std::move(key)) {}

  /// Whether `signature` (raw, as in a JWS: r||s for ECDSA) is of `message`. False too when the
  /// algorithm does not fit the key.
  [[nodiscard]] bool verify(JwsAlgorithm algorithm, std::string_view message,
                            std::string_view signature) const;

 private:
  KeyPtr key_;
};

/// A private key, parsed once. Threads: any.
class SigningKey {
 public:
  explicit SigningKey(KeyPtr key) : key_(std::move(key)) {}

  /// The raw signature, as a JWS carries it. Errors: misconfigured when the key cannot be used with
  /// that algorithm.
  [[nodiscard]] Result<std::string> sign(JwsAlgorithm algorithm, std::string_view message) const;

  [[nodiscard]] VerifyKey verify_key() const;
  [[nodiscard]] std::string public_pem() const;
  /// PKCS#8, PBES2 with AES-256-CBC: what Box's console hands out.
  [[nodiscard]] Secret encrypted_pem(const Secret& passphrase) const;

 private:
  KeyPtr key_;
};

/// Reads a PEM private key: PKCS#8 plain or encrypted, or the traditional forms.
///
/// Errors: misconfigured, with a context that tells apart: no PEM at all, cut short, passphrase
/// missing, passphrase wrong.
[[nodiscard]] Result<SigningKey> parse_signing_key(const Secret& pem, const Secret& passphrase);

/// Reads a PEM public key. Errors: misconfigured.
[[nodiscard]] Result<VerifyKey> parse_verify_key(std::string_view pem);

[[nodiscard]] SigningKey generate_rsa_key(unsigned bits);

}  // namespace valetkey::crypto
