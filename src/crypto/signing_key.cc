// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace valetkey::crypto {
namespace {

struct AlgorithmFacts {
  std::string_view name;
  int key_type;
  const EVP_MD* (*digest)();
  std::size_t ec_integer_bytes;  ///< RFC 7518 §3.4: size of r and of s
  std::string_view curve;        ///< of an EC key; else empty
};

const AlgorithmFacts& facts_of(JwsAlgorithm algorithm) {
  static const std::array<AlgorithmFacts, 7> table = {{
      {"RS256", EVP_PKEY_RSA, EVP_sha256, 0, ""},
      {"RS384", EVP_PKEY_RSA, EVP_sha384, 0, ""},
      {"RS512", EVP_PKEY_RSA, EVP_sha512, 0, ""},
      {"PS256", EVP_PKEY_RSA, EVP_sha256, 0, ""},
      {"ES256", EVP_PKEY_EC, EVP_sha256, 32, "prime256v1"},
      {"ES384", EVP_PKEY_EC, EVP_sha384, 48, "secp384r1"},
      {"EdDSA", EVP_PKEY_ED25519, nullptr, 0, ""},
  }};
  return table[static_cast<std::size_t>(algorithm)];
}

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* held) const noexcept {
    Free(held);
  }
};
using ContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

const unsigned char* octets(std::string_view bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}
unsigned char* octets(std::string& bytes) {
  return static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
}

// RFC 7518 §3.4: an algorithm means one curve, and other curves have keys of the same size.
bool fits(const EVP_PKEY* key, const AlgorithmFacts& facts) {
  if (EVP_PKEY_get_base_id(key) != facts.key_type) return false;
  if (facts.curve.empty()) return true;
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == facts.curve;
}

bool set_padding(EVP_PKEY_CTX* context, JwsAlgorithm algorithm) {
  if (algorithm != JwsAlgorithm::ps256) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// RFC 7518 §3.4: a JWS holds r and s side by side, OpenSSL speaks DER.
std::string raw_from_der(const std::string& der, std::size_t integer_bytes) {
  const unsigned char* at = octets(std::string_view(der));
  const EcdsaPtr parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  VALETKEY_ASSERT(parsed != nullptr);
  std::string raw(integer_bytes * 2, '\0');
  const int size = static_cast<int>(integer_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), octets(raw), size);
  BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), octets(raw) + size, size);
  return raw;
}

std::optional<std::string> der_from_raw(std::string_view raw, std::size_t integer_bytes) {
  if (raw.size() != integer_bytes * 2) return std::nullopt;
  const int size = static_cast<int>(integer_bytes);
  const EcdsaPtr made(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(octets(raw), size, nullptr);
  BIGNUM* const s = BN_bin2bn(octets(raw) + size, size, nullptr);
  VALETKEY_ASSERT(made != nullptr && ECDSA_SIG_set0(made.get(), r, s) == 1);
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(made.get(), nullptr)), '\0');
  unsigned char* out = octets(der);
  i2d_ECDSA_SIG(made.get(), &out);
  return der;
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

struct PassphraseUse {
  const Secret* passphrase;
  bool was_asked = false;
};

int give_passphrase(char* to, int room, int, void* state) {
  auto* const use = static_cast<PassphraseUse*>(state);
  use->was_asked = true;
  return use->passphrase->reveal([&](std::string_view text) -> int {
    if (text.empty() || text.size() > static_cast<std::size_t>(room)) return -1;
    std::memcpy(to, text.data(), text.size());
    return static_cast<int>(text.size());
  });
}

Failure explain_unreadable_key(const Secret& pem, const Secret& passphrase, bool was_asked) {
  ERR_clear_error();
  const bool has_begin = pem.reveal(
      [](std::string_view text) { return text.find("-----BEGIN ") != std::string_view::npos; });
  const bool has_end = pem.reveal(
      [](std::string_view text) { return text.find("-----END ") != std::string_view::npos; });
  if (!has_begin) {
    return fail(Errc::misconfigured, "the private key is not PEM text",
                "it must begin with -----BEGIN ENCRYPTED PRIVATE KEY----- or its like");
  }
  if (!has_end) {
    return fail(Errc::misconfigured, "the private key is cut short: its END line is missing",
                "download the key again, or restore the file from its source");
  }
  if (was_asked && passphrase.empty()) {
    return fail(Errc::misconfigured, "the private key is encrypted and no passphrase is given",
                "name the passphrase's source");
  }
  if (was_asked) {
    return fail(Errc::misconfigured,
                "the private key cannot be decrypted: the passphrase is wrong or the key damaged",
                "check the passphrase that was made together with this key");
  }
  return fail(Errc::misconfigured, "the private key is damaged or of an unknown kind",
              "download the key again, or restore the file from its source");
}

}  // namespace

std::optional<JwsAlgorithm> find_algorithm(std::string_view name) noexcept {
  for (unsigned index = 0; index < 7; ++index) {
    const auto algorithm = static_cast<JwsAlgorithm>(index);
    if (facts_of(algorithm).name == name) return algorithm;
  }
  return std::nullopt;
}

std::string_view name_of(JwsAlgorithm algorithm) noexcept {
  return facts_of(algorithm).name;
}

void KeyDeleter::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

Result<std::string> SigningKey::sign(JwsAlgorithm algorithm, std::string_view message) const {
  const auto& facts = facts_of(algorithm);
  const auto unfit = [&] {
    ERR_clear_error();
    return fail(Errc::misconfigured, "the private key cannot sign with " + std::string(facts.name),
                "choose an algorithm of the key's own kind");
  };
  if (!fits(key_.get(), facts)) return unfit();
  // SECURITY: signing leaves copies of the primes in the key, outside OpenSSL's secure heap. A
  // duplicate takes them with it, wiped, when it is freed below.
  const KeyPtr used(EVP_PKEY_dup(key_.get()));
  VALETKEY_ASSERT(used != nullptr);
  const ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  std::size_t size = 0;
  const EVP_MD* const digest = facts.digest == nullptr ? nullptr : facts.digest();
  if (EVP_DigestSignInit(context.get(), &key_context, digest, nullptr, used.get()) != 1 ||
      !set_padding(key_context, algorithm) ||
      EVP_DigestSign(context.get(), nullptr, &size, octets(message), message.size()) != 1) {
    return unfit();
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), octets(signature), &size, octets(message), message.size()) !=
      1) {
    return unfit();
  }
  signature.resize(size);
  if (facts.ec_integer_bytes != 0) return raw_from_der(signature, facts.ec_integer_bytes);
  return signature;
}

bool VerifyKey::verify(JwsAlgorithm algorithm, std::string_view message,
                       std::string_view signature) const {
  const auto& facts = facts_of(algorithm);
  if (!fits(key_.get(), facts)) return false;
  std::string der;
  if (facts.ec_integer_bytes != 0) {
    auto converted = der_from_raw(signature, facts.ec_integer_bytes);
    if (!converted) return false;
    der = std::move(*converted);
    signature = der;
  }
  const ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const EVP_MD* const digest = facts.digest == nullptr ? nullptr : facts.digest();
  const bool matches =
      EVP_DigestVerifyInit(context.get(), &key_context, digest, nullptr, key_.get()) == 1 &&
      set_padding(key_context, algorithm) &&
      EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                       message.size()) == 1;
  ERR_clear_error();
  return matches;
}

VerifyKey SigningKey::verify_key() const {
  auto key = parse_verify_key(public_pem());
  VALETKEY_ASSERT(key.has_value());
  return std::move(*key);
}

std::string SigningKey::public_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  VALETKEY_ASSERT(PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1);
  return drain(bio.get());
}

Secret SigningKey::encrypted_pem(const Secret& passphrase) const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  const int written = passphrase.reveal([&](std::string_view text) {
    std::string copy(text);  // OpenSSL asks for a mutable pointer
    const int done =
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), EVP_aes_256_cbc(), copy.data(),
                                      static_cast<int>(copy.size()), nullptr, nullptr);
    OPENSSL_cleanse(copy.data(), copy.size());
    return done;
  });
  VALETKEY_ASSERT(written == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret(std::string_view(data, static_cast<std::size_t>(size)));
}

Result<SigningKey> parse_signing_key(const Secret& pem, const Secret& passphrase) {
  PassphraseUse use{&passphrase};
  KeyPtr key = pem.reveal([&](std::string_view text) {
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &use));
  });
  if (!key) return explain_unreadable_key(pem, passphrase, use.was_asked);
  return SigningKey(std::move(key));
}

Result<VerifyKey> parse_verify_key(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) {
    ERR_clear_error();
    return fail(Errc::misconfigured, "the public key is not PEM text of a known kind");
  }
  return VerifyKey(std::move(key));
}

SigningKey generate_rsa_key(unsigned bits) {
  KeyPtr key(EVP_RSA_gen(bits));
  VALETKEY_ASSERT(key != nullptr);
  return SigningKey(std::move(key));
}

}  // namespace valetkey::crypto
