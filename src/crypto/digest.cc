// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstdint>

#include "base/assert.h"

namespace valetkey::crypto {
namespace {

const unsigned char* octets(std::string_view bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode_with(std::string_view alphabet, std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(held >> (bits - 6)) & 63U];
  }
  if (bits != 0) text += alphabet[(held << (6 - bits)) & 63U];
  return text;
}

int value_of(char letter) {
  const auto at = url_alphabet.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  auto* const out = static_cast<unsigned char*>(static_cast<void*>(digest.data()));
  VALETKEY_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

std::string sha1_hex(std::string_view bytes) {
  std::array<std::byte, 20> digest{};
  auto* const out = static_cast<unsigned char*>(static_cast<void*>(digest.data()));
  VALETKEY_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_sha1(), nullptr) == 1);
  return hex_of(digest);
}

Fingerprint fingerprint_of(std::string_view token) { return Fingerprint(hex_of(sha256(token))); }

std::string hex_of(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto octet : bytes) {
    text += digits[std::to_integer<std::size_t>(octet >> 4U)];
    text += digits[std::to_integer<std::size_t>(octet & std::byte{15})];
  }
  return text;
}

std::string encode_base64url(std::string_view bytes) { return encode_with(url_alphabet, bytes); }

std::string encode_base64(std::string_view bytes) {
  std::string text = encode_with(standard_alphabet, bytes);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char letter : text) {
    const int value = value_of(letter);
    if (value < 0) return std::nullopt;
    held = (held << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((held >> bits) & 255U);
    }
  }
  const std::uint32_t rest = held & ((1U << bits) - 1U);
  if (rest != 0) return std::nullopt;  // bits that the encoder would have left zero
  return bytes;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         CRYPTO_memcmp(octets(left), octets(right), left.size()) == 0;
}

}  // namespace valetkey::crypto
