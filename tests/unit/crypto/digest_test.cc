// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "crypto/random.h"

namespace valetkey::crypto {
namespace {

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(hex_of(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha1, AgreesWithRfc3174) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(TokenFingerprint, IsTheBeginningOfItsSha256) {
  EXPECT_EQ(fingerprint_of("abc").text(), "ba7816bf8f01");
}

TEST(Base64, AgreesWithRfc4648Section10) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(encode_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64("\xfb\xff"), "+/8=");
}

TEST(Base64Url, AgreesWithRfc7515AppendixC) {
  constexpr std::string_view octets = "\x03\xec\xff\xe0\xc1";

  EXPECT_EQ(encode_base64url(octets), "A-z_4ME");
  EXPECT_EQ(decode_base64url("A-z_4ME"), octets);
}

// Rule F2
TEST(Base64Url, RefusesWhatItsEncoderWouldNotWrite) {
  for (const auto* const text : {"A", "AAAAA", "Zg==", "Zm8=", "Zh", "Zm9", "Zm9v\n", " Zm9v",
                                 "Zm+v", "Zm/v", "Zm9v.", "Zm9\x80"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
  EXPECT_EQ(decode_base64url(std::string_view("Zm9\0", 4)), std::nullopt);
  EXPECT_EQ(decode_base64url(""), "");
}

TEST(Base64Url, ReadsBackWhateverItWrites) {
  std::mt19937 random(7515);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (std::size_t at = 0; at < size; ++at)
      bytes += static_cast<char>(random() & 255U);

    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
  }
}

// Rule S1
TEST(ConstantTime, ComparesLikeAnyOther) {
  EXPECT_TRUE(equal_in_constant_time("word", "word"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("word", "ward"));
  EXPECT_FALSE(equal_in_constant_time("word", "words"));
  EXPECT_FALSE(equal_in_constant_time("", "x"));
}

TEST(Random, HasTheFormThatWasAskedFor) {
  EXPECT_EQ(random_hex(16).size(), 32U);
  EXPECT_EQ(random_hex(16).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(random_alphanumerics(200).size(), 200U);
  EXPECT_EQ(random_alphanumerics(0), "");
  const std::string uuid = random_uuid();
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[8], '-');
  EXPECT_EQ(uuid[14], '4');  // RFC 4122 §4.4: version 4
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

TEST(Random, NeverRepeatsAndUsesEveryLetter) {
  std::set<std::string> drawn;
  for (int count = 0; count < 1000; ++count)
    drawn.insert(random_uuid());
  const std::string letters = random_alphanumerics(10'000);

  EXPECT_EQ(drawn.size(), 1000U);
  EXPECT_EQ(std::set<char>(letters.begin(), letters.end()).size(), 62U);
}

}  // namespace
}  // namespace valetkey::crypto
