// SPDX-License-Identifier: Apache-2.0
#include "crypto/seal.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/assert.h"
#include "base/guarded.h"
#include "crypto/random.h"

namespace valetkey::crypto {
namespace {

constexpr std::string_view magic = "VK\x01";  // the third byte is the layout's version
constexpr std::size_t id_bytes = 4;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
/// What is authenticated in front of the caller's associated data; the nonce is so by itself.
constexpr std::size_t head_bytes = magic.size() + id_bytes;
/// Contexts that wait for the next use; more than this many threads seal at once only in a storm.
constexpr std::size_t idle_tools_max = 64;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* held) const noexcept {
    Free(held);
  }
};
using CipherPtr = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using MacPtr = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;
using KdfPtr = std::unique_ptr<EVP_KDF, Deleter<EVP_KDF_free>>;
using KdfContextPtr = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX_free>>;

const unsigned char* octets(std::string_view bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}
unsigned char* octets(char* bytes) {
  return static_cast<unsigned char*>(static_cast<void*>(bytes));
}

MacContextPtr make_mac(const Secret& key) {
  const MacPtr mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  MacContextPtr context(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_END};
  const bool made = key.reveal([&](std::string_view bytes) {
    // With no key at all OpenSSL would take the one from before.
    const std::string_view there = bytes.empty() ? std::string_view("", 0) : bytes;
    return EVP_MAC_init(context.get(), octets(there), there.size(), params) == 1;
  });
  VALETKEY_ASSERT(made);
  return context;
}

Sha256 finish_mac(EVP_MAC_CTX* context, std::string_view message) {
  Sha256 result{};
  auto* const out = static_cast<unsigned char*>(static_cast<void*>(result.data()));
  std::size_t size = 0;
  VALETKEY_ASSERT(EVP_MAC_update(context, octets(message), message.size()) == 1 &&
                  EVP_MAC_final(context, out, &size, result.size()) == 1 && size == result.size());
  return result;
}

/// Everything that has been set up with one key; used by one thread at a time.
///
/// SECURITY: OpenSSL keeps the key schedules in its own memory, which is wiped when they are freed
/// and, unlike a Secret, is not kept out of swap.
struct Tools {
  CipherContextPtr seals;
  CipherContextPtr opens;
  MacContextPtr names;
};

bool feed(EVP_CIPHER_CTX* context, unsigned char* out, std::string_view in) {
  int written = 0;
  return EVP_CipherUpdate(context, out, &written, octets(in), static_cast<int>(in.size())) == 1;
}

Failure tampered(std::string what) {
  return fail(Errc::tampered_store, "a stored value " + std::move(what),
              "nothing is lost: it is fetched anew; see who else writes to the cache server");
}

/// Nothing when it has not even the form of a sealed value.
bool has_form(std::string_view sealed) {
  return sealed.size() >= sealed_extra_bytes &&
         sealed.size() <= sealed_extra_bytes + sealed_plain_bytes_max && sealed.starts_with(magic);
}

bool names_key(std::string_view sealed, const KeyId& id) {
  return std::memcmp(sealed.data() + magic.size(), id.data(), id.size()) == 0;
}

Failure formless() {
  return tampered("is none of ours: it has not the form of a sealed one");
}

Failure unknown_key(std::string_view sealed) {
  KeyId id{};
  std::memcpy(id.data(), sealed.data() + magic.size(), id.size());
  return fail(Errc::tampered_store, "a stored value was sealed by the unknown key " + hex_of(id),
              "give every process that shares the cache server the same sealing_key; while a key "
              "is replaced, both of them");
}

}  // namespace

Sha256 hmac_sha256(const Secret& key, std::string_view message) {
  return finish_mac(make_mac(key).get(), message);
}

Secret hkdf_sha256(const Secret& input, std::string_view salt, std::string_view info,
                   std::size_t size) {
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  const KdfContextPtr context(EVP_KDF_CTX_new(kdf.get()));
  return Secret::filled(size, [&](char* to, std::size_t room) {
    const bool made = input.reveal([&](std::string_view key) {
      // The parameters are not const in OpenSSL's eyes; it only reads them.
      const auto bytes_of = [](const char* name, std::string_view bytes) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()),
                                                 bytes.size());
      };
      char digest[] = "SHA256";
      std::vector<OSSL_PARAM> params = {
          OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
          bytes_of(OSSL_KDF_PARAM_KEY, key), bytes_of(OSSL_KDF_PARAM_INFO, info)};
      // RFC 5869 §2.2: no salt is a salt of zeros, which is what OpenSSL takes when it gets none.
      if (!salt.empty()) params.push_back(bytes_of(OSSL_KDF_PARAM_SALT, salt));
      params.push_back(OSSL_PARAM_construct_end());
      return EVP_KDF_derive(context.get(), octets(to), room, params.data()) == 1;
    });
    VALETKEY_ASSERT(made);
  });
}

struct SealingKey::Parts {
  Secret sealing{};
  Secret naming{};
  KeyId id{};
  CipherPtr cipher{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  /// Idle ones. The key schedule is made once for as many threads as seal at the same time.
  base::Guarded<std::vector<std::unique_ptr<Tools>>> idle{};

  std::unique_ptr<Tools> make_tools() const {
    auto tools = std::make_unique<Tools>();
    tools->seals.reset(EVP_CIPHER_CTX_new());
    tools->opens.reset(EVP_CIPHER_CTX_new());
    tools->names = make_mac(naming);
    const bool made = sealing.reveal([&](std::string_view key) {
      return EVP_EncryptInit_ex2(tools->seals.get(), cipher.get(), octets(key), nullptr, nullptr) ==
                 1 &&
             EVP_DecryptInit_ex2(tools->opens.get(), cipher.get(), octets(key), nullptr, nullptr) ==
                 1;
    });
    VALETKEY_ASSERT(made);
    return tools;
  }

  /// Runs `use` with tools that nobody else has meanwhile.
  template <class Use>
  auto with_tools(Use&& use) {
    auto tools = idle.with([](auto& waiting) {
      std::unique_ptr<Tools> taken;
      if (!waiting.empty()) {
        taken = std::move(waiting.back());
        waiting.pop_back();
      }
      return taken;
    });
    if (!tools) tools = make_tools();
    auto result = std::forward<Use>(use)(*tools);
    idle.with([&](auto& waiting) {
      if (waiting.size() < idle_tools_max) waiting.push_back(std::move(tools));
    });
    return result;
  }
};

SealingKey::SealingKey(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SealingKey::SealingKey(SealingKey&&) noexcept = default;
SealingKey& SealingKey::operator=(SealingKey&&) noexcept = default;
SealingKey::~SealingKey() = default;

SealingKey SealingKey::derive(const Secret& master) {
  VALETKEY_ASSERT(master.size() == master_key_bytes);
  auto parts = std::make_unique<Parts>();
  parts->sealing = hkdf_sha256(master, "", "valetkey 1 values", 32);
  parts->naming = hkdf_sha256(master, "", "valetkey 1 names", 32);
  const Secret id = hkdf_sha256(master, "", "valetkey 1 key id", id_bytes);
  id.reveal(
      [&](std::string_view bytes) { std::memcpy(parts->id.data(), bytes.data(), bytes.size()); });
  return SealingKey(std::move(parts));
}

const KeyId& SealingKey::id() const noexcept {
  return parts_->id;
}

Result<Secret> SealingKey::seal(const Secret& plain, std::string_view associated) const {
  if (plain.size() > sealed_plain_bytes_max) {
    return fail(Errc::exhausted, "a value is larger than 1 MiB and is not sealed",
                "ask for fewer scopes: the answer is too large for a cache server");
  }
  bool sealed = false;
  Secret made = Secret::filled(sealed_extra_bytes + plain.size(), [&](char* to, std::size_t) {
    std::memcpy(to, magic.data(), magic.size());
    std::memcpy(to + magic.size(), parts_->id.data(), id_bytes);
    char* const nonce = to + head_bytes;
    random_bytes(std::as_writable_bytes(std::span(nonce, nonce_bytes)));
    char* const body = to + sealed_header_bytes;
    sealed = parts_->with_tools([&](Tools& tools) {
      auto* const context = tools.seals.get();
      int written = 0;
      return EVP_EncryptInit_ex2(context, nullptr, nullptr, octets(nonce), nullptr) == 1 &&
             feed(context, nullptr, std::string_view(to, head_bytes)) &&
             feed(context, nullptr, associated) && plain.reveal([&](std::string_view text) {
               return text.empty() || feed(context, octets(body), text);
             }) &&
             EVP_EncryptFinal_ex(context, octets(body + plain.size()), &written) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_bytes),
                                 body + plain.size()) == 1;
    });
  });
  VALETKEY_ASSERT(sealed);
  return made;
}

Result<Secret> SealingKey::open(std::string_view sealed, std::string_view associated) const {
  if (!has_form(sealed)) return formless();
  if (!names_key(sealed, parts_->id)) return unknown_key(sealed);
  const auto nonce = sealed.substr(head_bytes, nonce_bytes);
  const auto body = sealed.substr(sealed_header_bytes, sealed.size() - sealed_extra_bytes);
  std::array<char, tag_bytes> tag{};
  std::memcpy(tag.data(), sealed.data() + sealed.size() - tag_bytes, tag_bytes);
  bool opened = false;
  Secret made = Secret::filled(body.size(), [&](char* to, std::size_t) {
    opened = parts_->with_tools([&](Tools& tools) {
      auto* const context = tools.opens.get();
      int written = 0;
      unsigned char none[1];
      return EVP_DecryptInit_ex2(context, nullptr, nullptr, octets(nonce), nullptr) == 1 &&
             feed(context, nullptr, sealed.substr(0, head_bytes)) &&
             feed(context, nullptr, associated) &&
             (body.empty() || feed(context, octets(to), body)) &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes),
                                 tag.data()) == 1 &&
             EVP_DecryptFinal_ex(context, none, &written) == 1;
    });
  });
  if (opened) return made;
  // SECURITY: what was deciphered is wiped here and shown to nobody, since its tag does not fit.
  ERR_clear_error();
  return tampered("was changed, or belongs under another name");
}

std::string SealingKey::name_for(std::string_view text) const {
  const Sha256 digest = parts_->with_tools([&](Tools& tools) {
    // Without a key it starts again with the one that it has.
    VALETKEY_ASSERT(EVP_MAC_init(tools.names.get(), nullptr, 0, nullptr) == 1);
    return finish_mac(tools.names.get(), text);
  });
  const auto* const bytes = static_cast<const char*>(static_cast<const void*>(digest.data()));
  return encode_base64url(std::string_view(bytes, digest.size()));
}

KeyRing::KeyRing(std::vector<SealingKey> keys) : keys_(std::move(keys)) {
  VALETKEY_ASSERT(!keys_.empty());
}

Result<Secret> KeyRing::seal(const Secret& plain, std::string_view associated) const {
  return first().seal(plain, associated);
}

Result<Secret> KeyRing::open(std::string_view sealed, std::string_view associated) const {
  if (!has_form(sealed)) return formless();
  Result<Secret> opened = unknown_key(sealed);
  // Ids are short: two keys may share one, so each that fits is tried.
  for (const auto& key : keys_) {
    if (!names_key(sealed, key.id())) continue;
    opened = key.open(sealed, associated);
    if (opened) return opened;
  }
  return opened;
}

}  // namespace valetkey::crypto
