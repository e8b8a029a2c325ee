// SPDX-License-Identifier: Apache-2.0
#include "crypto/seal.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <map>
#include <set>
#include <thread>

#include "base/text.h"

namespace valetkey::crypto {
namespace {

std::string unhex(std::string_view hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  }
  return bytes;
}

std::string hex(std::string_view bytes) {
  return hex_of(std::as_bytes(std::span(bytes)));
}

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

SealingKey key_of(char letter) {
  return SealingKey::derive(Secret(std::string(master_key_bytes, letter)));
}

std::string sealed_with(const SealingKey& key, std::string_view plain, std::string_view where) {
  return text_of(*key.seal(Secret(plain), where));
}

const unsigned char* octets(std::string_view bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}

/// A second opinion on the layout: AES-256-GCM in one go. Returns ciphertext and tag.
std::string plain_gcm(std::string_view key, std::string_view nonce, std::string_view associated,
                      std::string_view plain) {
  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                           EVP_CIPHER_CTX_free);
  std::string out(plain.size() + 16, '\0');
  auto* const to = static_cast<unsigned char*>(static_cast<void*>(out.data()));
  int size = 0;
  EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, octets(key), octets(nonce));
  EVP_EncryptUpdate(context.get(), nullptr, &size, octets(associated),
                    static_cast<int>(associated.size()));
  EVP_EncryptUpdate(context.get(), to, &size, octets(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context.get(), to + plain.size(), &size);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, to + plain.size());
  return out;
}

struct HkdfVector {
  const char* name;
  const char* input;
  const char* salt;
  const char* info;
  const char* output;
};

TEST(Hkdf, AgreesWithRfc5869AppendixA) {
  const HkdfVector vectors[] = {
      {"A.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
       "f0f1f2f3f4f5f6f7f8f9",
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {"A.2",
       "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c"
       "2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
       "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c"
       "8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
       "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdc"
       "dddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e"
       "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {"A.3", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };

  for (const auto& vector : vectors) {
    const Secret made = hkdf_sha256(Secret(unhex(vector.input)), unhex(vector.salt),
                                    unhex(vector.info), std::string_view(vector.output).size() / 2);
    EXPECT_EQ(hex(text_of(made)), vector.output) << vector.name;
  }
}

TEST(Hmac, AgreesWithRfc4231) {
  EXPECT_EQ(hex_of(hmac_sha256(Secret(std::string(20, '\x0b')), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_of(hmac_sha256(Secret("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_of(hmac_sha256(Secret(std::string(131, '\xaa')),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// The vectors prove the test's own AES-256-GCM, and that proves ours.
TEST(SealingKey, SealsAsGcmSays) {
  EXPECT_EQ(hex(plain_gcm(std::string(32, '\0'), std::string(12, '\0'), "", "")),
            "530f8afbc74536b9a963b4f1c4cb738b");  // GCM specification, test case 13
  EXPECT_EQ(
      hex(plain_gcm(
          unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
          unhex("cafebabefacedbaddecaf888"), unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
          unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953"
                "2fcf0e2449a6b525b16aedf5aa0de657ba637b39"))),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
      "8838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");  // test case 16
  const Secret master(std::string(master_key_bytes, 'm'));
  const SealingKey key = SealingKey::derive(master);

  const std::string sealed = sealed_with(key, "a token", "where");

  const std::string raw = text_of(hkdf_sha256(master, "", "valetkey 1 values", 32));
  EXPECT_EQ(sealed.substr(0, 3), "VK\x01");
  EXPECT_EQ(hex(sealed.substr(3, 4)), hex_of(key.id()));
  EXPECT_EQ(sealed.substr(19),
            plain_gcm(raw, sealed.substr(7, 12), sealed.substr(0, 7) + "where", "a token"));
  EXPECT_EQ(sealed.size(), 7 + sealed_extra_bytes);
}

TEST(SealingKey, OpensWhatItSealed) {
  const SealingKey key = key_of('k');

  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1200U, 70'000U}) {
    const std::string plain(size, 'p');
    const auto opened = key.open(sealed_with(key, plain, "place"), "place");
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(text_of(*opened), plain) << size;
  }
}

TEST(SealingKey, NeverSealsTheSameTwice) {
  const SealingKey key = key_of('k');
  std::set<std::string> nonces;

  for (int round = 0; round < 2000; ++round)
    nonces.insert(sealed_with(key, "same", "same").substr(7, 12));

  EXPECT_EQ(nonces.size(), 2000U);
}

// Rule C7
TEST(SealingKey, RefusesAValueWithAnyBitChanged) {
  const SealingKey key = key_of('k');
  const std::string sealed = sealed_with(key, "a token of some length", "place");

  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
      const auto opened = key.open(changed, "place");
      ASSERT_FALSE(opened) << at;
      EXPECT_EQ(opened.error().code, Errc::tampered_store);
    }
  }
}

// Rule F2
TEST(SealingKey, RefusesAValueOfAnyOtherLength) {
  const SealingKey key = key_of('k');
  const std::string sealed = sealed_with(key, "a token", "place");

  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(key.open(sealed.substr(0, size), "place")) << size;
  EXPECT_FALSE(key.open(sealed + '\0', "place"));
  EXPECT_FALSE(key.open(sealed + std::string(2 * sealed_plain_bytes_max, 'x'), "place"));
}

TEST(SealingKey, RefusesToSealWhatNoServerTakes) {
  const SealingKey key = key_of('k');

  EXPECT_TRUE(key.seal(Secret(std::string(sealed_plain_bytes_max, 'x')), ""));
  EXPECT_EQ(key.seal(Secret(std::string(sealed_plain_bytes_max + 1, 'x')), "").error().code,
            Errc::exhausted);
}

// Rule C7
TEST(SealingKey, DoesNotOpenAValueThatWasMovedToAnotherPlace) {
  const SealingKey key = key_of('k');
  const std::string sealed = sealed_with(key, "the token of user 1", "user 1");

  EXPECT_FALSE(key.open(sealed, "user 2"));
  EXPECT_FALSE(key.open(sealed, ""));
  EXPECT_FALSE(key.open(sealed, "user 1 "));
  EXPECT_TRUE(key.open(sealed, "user 1"));
}

TEST(SealingKey, TellsAnUnknownKeyFromAChangedValue) {
  const SealingKey one = key_of('1');
  const SealingKey other = key_of('2');
  std::string changed = sealed_with(one, "a token", "");
  changed.back() = static_cast<char>(changed.back() + 1);

  const auto unknown = other.open(sealed_with(one, "a token", ""), "");
  const auto tampered = one.open(changed, "");
  const auto rubbish = one.open("nothing like it", "");

  EXPECT_EQ(unknown.error().context,
            "a stored value was sealed by the unknown key " + hex_of(one.id()));
  EXPECT_EQ(tampered.error().context, "a stored value was changed, or belongs under another name");
  EXPECT_EQ(rubbish.error().context,
            "a stored value is none of ours: it has not the form of a sealed one");
}

TEST(SealingKey, NamesTheSameTextAlikeWithOneKeyAndApartWithTwo) {
  const SealingKey one = key_of('1');
  const SealingKey again = key_of('1');
  const SealingKey other = key_of('2');
  const std::string text(5000, 't');

  EXPECT_EQ(one.name_for(text), again.name_for(text));
  EXPECT_EQ(one.name_for(text), one.name_for(text));
  EXPECT_NE(one.name_for(text), other.name_for(text));
  EXPECT_NE(one.name_for(text), one.name_for(text + "t"));
  EXPECT_EQ(one.name_for(text).size(), 43U);
  const Secret naming =
      hkdf_sha256(Secret(std::string(master_key_bytes, '1')), "", "valetkey 1 names", 32);
  const Sha256 expected = hmac_sha256(naming, text);
  EXPECT_EQ(*decode_base64url(one.name_for(text)), unhex(hex_of(expected)));
}

TEST(SealingKey, WorksInManyThreadsAtOnce) {
  const SealingKey key = key_of('k');
  const std::string name = key.name_for("name");
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;

  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 500; ++round) {
        const std::string plain = std::to_string(thread) + "/" + std::to_string(round);
        const auto opened = key.open(sealed_with(key, plain, plain), plain);
        if (!opened || text_of(*opened) != plain || key.name_for("name") != name) ++wrong;
      }
    });
  }
  threads.clear();

  EXPECT_EQ(wrong, 0);
}

std::vector<SealingKey> keys_of(std::string_view letters) {
  std::vector<SealingKey> keys;
  for (const char letter : letters)
    keys.push_back(key_of(letter));
  return keys;
}

// Rule C7
TEST(KeyRing, OpensWithBothKeysAndSealsWithTheFirst) {
  const KeyRing before(keys_of("o"));
  const KeyRing during(keys_of("on"));
  const KeyRing after(keys_of("no"));
  const KeyRing end(keys_of("n"));
  const auto crosses = [](const KeyRing& from, const KeyRing& to) {
    const auto sealed = from.seal(Secret("a token"), "place");
    return to.open(text_of(*sealed), "place").has_value();
  };

  EXPECT_TRUE(crosses(before, during) && crosses(during, before));
  EXPECT_TRUE(crosses(during, after) && crosses(after, during));
  EXPECT_TRUE(crosses(after, end) && crosses(end, after));
  EXPECT_FALSE(crosses(before, end) || crosses(end, before));
  EXPECT_EQ(during.first().id(), before.first().id());
}

TEST(SealingKeyText, IsReadBackAsTheSameKey) {
  const Secret master(std::string(master_key_bytes, 'x'));
  const Secret text = format_sealing_key(master);

  const auto key = parse_sealing_key(text);

  ASSERT_TRUE(key);
  EXPECT_EQ(key->id(), SealingKey::derive(master).id());
  EXPECT_EQ(text_of(text), "vk-seal-1.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg.ac42a780");
  EXPECT_TRUE(parse_sealing_key(Secret(" " + text_of(text) + " \r\n\n")));
}

TEST(SealingKeyText, IsNewEachTime) {
  std::set<std::string> texts;
  std::set<KeyId> ids;

  for (int round = 0; round < 100; ++round) {
    const Secret text = generate_sealing_key();
    texts.insert(text_of(text));
    ids.insert(parse_sealing_key(text)->id());
  }

  EXPECT_EQ(texts.size(), 100U);
  EXPECT_GE(ids.size(), 99U);
}

// Rule F3
TEST(SealingKeyText, SaysWhatIsWrongWithItAndRepeatsNoneOfIt) {
  const std::string whole = text_of(generate_sealing_key());
  std::string mistyped = whole;
  mistyped[20] = mistyped[20] == 'A' ? 'B' : 'A';
  std::string odd = whole;
  odd[20] = '!';
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the sealing key is empty"},
      {"\n", "the sealing key is empty"},
      {"vk-se", "the sealing key is cut short"},
      {whole.substr(0, 40), "the sealing key is cut short"},
      {whole.substr(0, whole.size() - 1), "the sealing key is cut short"},
      {whole + "\n" + whole, "the sealing key is followed by something else"},
      {mistyped, "the sealing key is mistyped: its checksum does not fit"},
      {odd, "the sealing key is mistyped: its checksum does not fit"},
      {"hunter2hunter2hunter2", "this is not a sealing key"},
      {"-----BEGIN PRIVATE KEY-----", "this is not a sealing key"},
  };

  for (const auto& [text, context] : cases) {
    const auto key = parse_sealing_key(Secret(text));
    ASSERT_FALSE(key) << context;
    EXPECT_EQ(key.error().code, Errc::misconfigured);
    EXPECT_EQ(key.error().context, context);
    EXPECT_TRUE(key.error().hint.contains("valetkey keygen") ||
                key.error().hint.contains("sealing_key = "))
        << key.error().hint;
    EXPECT_FALSE(key.error().hint.contains(whole.substr(10, 20)));
  }
}

// Rule S1
TEST(SealingKeyText, IsRefusedWithAnyLetterChanged) {
  const std::string whole = text_of(generate_sealing_key());

  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(parse_sealing_key(Secret(changed))) << at;
  }
}

}  // namespace
}  // namespace valetkey::crypto
