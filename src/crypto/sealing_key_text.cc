// SPDX-License-Identifier: Apache-2.0
// The form in which a sealing key is kept in a file.

#include <openssl/crypto.h>

#include <optional>
#include <span>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/seal.h"

namespace valetkey::crypto {
namespace {

// key = "vk-seal-1." 43( base64url letter ) "." 8( lower-case hex digit )
constexpr std::string_view prefix = "vk-seal-1.";
constexpr std::size_t letters = 43;
constexpr std::size_t checksum_digits = 8;
constexpr std::size_t text_bytes = prefix.size() + letters + 1 + checksum_digits;

constexpr auto make_one = "make one with `valetkey keygen`";
constexpr auto copy_again = "copy the whole line again, or make a new key with `valetkey keygen`";

/// Of everything before the second dot, so that a slip in any letter shows.
std::string checksum_of(std::string_view text) {
  return hex_of(sha256(text)).substr(0, checksum_digits);
}

Failure refuse(std::string what, std::string hint) {
  return fail(Errc::misconfigured, "the sealing key " + std::move(what), std::move(hint));
}

Result<SealingKey> parse(std::string_view text) {
  if (text.empty()) return refuse("is empty", make_one);
  if (!text.starts_with(prefix)) {
    if (prefix.starts_with(text)) return refuse("is cut short", copy_again);
    return fail(Errc::misconfigured, "this is not a sealing key", make_one);
  }
  if (text.size() < text_bytes) return refuse("is cut short", copy_again);
  if (text.size() > text_bytes) {
    return refuse("is followed by something else",
                  "keep one key in one place; for two, write sealing_key = [\"...\", \"...\"]");
  }
  const auto head = text.substr(0, prefix.size() + letters);
  auto bytes = decode_base64url(head.substr(prefix.size()));
  const bool fits = bytes && bytes->size() == master_key_bytes && text[head.size()] == '.' &&
                    equal_in_constant_time(checksum_of(head), text.substr(head.size() + 1));
  std::optional<SealingKey> key;
  if (fits) key = SealingKey::derive(Secret(*bytes));
  // SECURITY: the decoder's string is not wiped by itself.
  if (bytes) OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!key) return refuse("is mistyped: its checksum does not fit", copy_again);
  return std::move(*key);
}

}  // namespace

Secret format_sealing_key(const Secret& master) {
  VALETKEY_ASSERT(master.size() == master_key_bytes);
  SecretBuilder text(text_bytes);
  text.append(prefix);
  master.reveal([&](std::string_view bytes) {
    std::string encoded = encode_base64url(bytes);
    text.append(encoded);
    OPENSSL_cleanse(encoded.data(), encoded.size());
  });
  const Secret head = text.take();
  SecretBuilder whole(text_bytes);
  whole.append(head).append('.');
  head.reveal([&](std::string_view bytes) { whole.append(checksum_of(bytes)); });
  return whole.take();
}

Secret generate_sealing_key() {
  return format_sealing_key(Secret::filled(master_key_bytes, [](char* to, std::size_t size) {
    random_bytes(std::as_writable_bytes(std::span(to, size)));
  }));
}

Result<SealingKey> parse_sealing_key(const Secret& text) {
  return text.reveal([](std::string_view bytes) { return parse(base::trimmed(bytes)); });
}

}  // namespace valetkey::crypto
