// SPDX-License-Identifier: Apache-2.0
// Sealed values and keys' texts: nothing that a stranger wrote opens, and what we wrote does.

#include "crypto/seal.h"
#include "fuzz/fuzz_input.h"

using namespace valetkey;

namespace {

const crypto::KeyRing& ring() {
  static const crypto::KeyRing made = [] {
    std::vector<crypto::SealingKey> keys;
    for (const char letter : {'a', 'b'})
      keys.push_back(
          crypto::SealingKey::derive(Secret(std::string(crypto::master_key_bytes, letter))));
    return crypto::KeyRing(std::move(keys));
  }();
  return made;
}

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string where(input.line());
  const std::string bytes(input.rest());
  // The corpus holds two values of these very keys with one thing wrong, which a fuzzer may mend.
  if (const auto opened = ring().open(bytes, where)) {
    const std::string plain = text_of(*opened);
    VALETKEY_ASSERT(where == "place" ? plain == "a token" : where.empty() && plain.empty());
  } else {
    VALETKEY_ASSERT(opened.error().code == Errc::tampered_store);
    fuzz::check_error(opened.error());
  }
  if (const auto key = crypto::parse_sealing_key(Secret(bytes)); !key)
    fuzz::check_error(key.error());
  const auto sealed = ring().seal(Secret(bytes), where);
  if (!sealed) return 0;
  VALETKEY_ASSERT(text_of(*ring().open(text_of(*sealed), where)) == bytes);
  VALETKEY_ASSERT(!ring().open(text_of(*sealed), where + "x"));
  return 0;
}
