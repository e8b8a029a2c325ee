// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <openssl/rand.h>

#include <array>
#include <vector>

#include "base/assert.h"
#include "crypto/digest.h"

namespace valetkey::crypto {

void random_bytes(std::span<std::byte> fill) {
  auto* const out = static_cast<unsigned char*>(static_cast<void*>(fill.data()));
  VALETKEY_ASSERT(RAND_bytes(out, static_cast<int>(fill.size())) == 1);
}

std::string random_hex(std::size_t bytes) {
  std::vector<std::byte> drawn(bytes);
  random_bytes(drawn);
  return hex_of(drawn);
}

std::string random_alphanumerics(std::size_t length) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned even_limit = 256U / letters.size() * letters.size();  // no modulo bias
  std::string drawn;
  while (drawn.size() < length) {
    std::array<std::byte, 64> block{};
    random_bytes(block);
    for (const auto octet : block) {
      const auto value = std::to_integer<unsigned>(octet);
      if (value < even_limit && drawn.size() < length) drawn += letters[value % letters.size()];
    }
  }
  return drawn;
}

std::string random_uuid() {
  std::array<std::byte, 16> drawn{};
  random_bytes(drawn);
  drawn[6] = (drawn[6] & std::byte{0x0F}) | std::byte{0x40};
  drawn[8] = (drawn[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string text = hex_of(drawn);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace valetkey::crypto
