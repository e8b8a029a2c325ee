// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/digest.h"

namespace valetkey::crypto {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

std::string bytes(std::string_view base64url) {
  return decode_base64url(base64url).value();
}

std::string pem(const std::string& label, const std::string& der) {
  std::string text = "-----BEGIN " + label + "-----\n";
  const std::string body = encode_base64(der);
  for (std::size_t at = 0; at < body.size(); at += 64)
    text += body.substr(at, 64) + "\n";
  return text + "-----END " + label + "-----\n";
}

/// Runs the openssl program in a directory of its own.
class OpensslKeys : public testing::Test {
 protected:
  OpensslKeys() {
    std::string name = std::filesystem::temp_directory_path() / "valetkey-keys-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~OpensslKeys() override { std::filesystem::remove_all(directory_); }

  /// The file `key.pem` that these arguments make.
  Secret made_by(const std::string& commands) const {
    EXPECT_EQ(std::system(("cd " + directory_ + " && ( " + commands + " ) 2>/dev/null").c_str()),
              0);
    std::ifstream file(directory_ + "/key.pem");
    return Secret((std::ostringstream() << file.rdbuf()).str());
  }

 private:
  std::string directory_;
};

void expect_signs(const Secret& key_pem, const Secret& passphrase, JwsAlgorithm algorithm) {
  const auto key = parse_signing_key(key_pem, passphrase);
  ASSERT_TRUE(key) << describe(key.error());
  const auto signature = key->sign(algorithm, "message");
  ASSERT_TRUE(signature) << describe(signature.error());
  EXPECT_TRUE(key->verify_key().verify(algorithm, "message", *signature));
  EXPECT_FALSE(key->verify_key().verify(algorithm, "massage", *signature));
}

constexpr auto rsa = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out plain.pem";

// Box's console makes keys in this form.
TEST_F(OpensslKeys, ReadsEncryptedPkcs8) {
  for (const auto* const cipher : {"aes-256-cbc", "aes-128-cbc", "des3"}) {
    const Secret key = made_by(std::string(rsa) + " && openssl pkcs8 -topk8 -in plain.pem -v2 " +
                               cipher + " -passout pass:open-sesame -out key.pem");
    EXPECT_THAT(text_of(key), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));

    expect_signs(key, Secret("open-sesame"), JwsAlgorithm::rs256);
  }
}

TEST_F(OpensslKeys, ReadsPlainPkcs8AndNeedsNoPassphrase) {
  const Secret key = made_by(std::string(rsa) + " && cp plain.pem key.pem");

  expect_signs(key, Secret(), JwsAlgorithm::rs512);
  expect_signs(key, Secret("not needed"), JwsAlgorithm::rs384);
  expect_signs(key, Secret(), JwsAlgorithm::ps256);
}

TEST_F(OpensslKeys, ReadsTraditionalForms) {
  const Secret encrypted =
      made_by("openssl genrsa -des3 -traditional -passout pass:open-sesame -out key.pem 2048");
  EXPECT_THAT(text_of(encrypted), HasSubstr("Proc-Type: 4,ENCRYPTED"));
  expect_signs(encrypted, Secret("open-sesame"), JwsAlgorithm::rs256);

  const Secret plain = made_by("openssl genrsa -traditional -out key.pem 2048");
  EXPECT_THAT(text_of(plain), HasSubstr("BEGIN RSA PRIVATE KEY"));
  expect_signs(plain, Secret(), JwsAlgorithm::rs256);
}

TEST_F(OpensslKeys, ReadsEllipticAndEdwardsKeys) {
  expect_signs(
      made_by("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"),
      Secret(), JwsAlgorithm::es256);
  expect_signs(made_by("openssl ecparam -name secp384r1 -genkey -noout -out key.pem"), Secret(),
               JwsAlgorithm::es384);
  expect_signs(made_by("openssl genpkey -algorithm ed25519 -out key.pem"), Secret(),
               JwsAlgorithm::eddsa);
}

// RFC 7518 §3.4: ES256 is P-256, not any curve of that size.
TEST_F(OpensslKeys, SignsWithTheCurveThatTheAlgorithmMeansAlone) {
  for (const auto* const curve : {"secp256k1", "brainpoolP256r1"}) {
    const auto key = parse_signing_key(
        made_by("openssl ecparam -name " + std::string(curve) + " -genkey -noout -out key.pem"),
        Secret());
    ASSERT_TRUE(key);

    const auto signature = key->sign(JwsAlgorithm::es256, "message");

    ASSERT_FALSE(signature) << curve;
    EXPECT_EQ(signature.error().code, Errc::misconfigured);
  }
}

// Rules S3, F3
TEST_F(OpensslKeys, TellsEachMistakeApartAndShowsNothingOfTheKey) {
  const std::string encrypted =
      text_of(made_by(std::string(rsa) + " && openssl pkcs8 -topk8 -in plain.pem -v2 aes-256-cbc "
                                         "-passout pass:open-sesame -out key.pem"));
  const std::string traditional = text_of(
      made_by("openssl genrsa -des3 -traditional -passout pass:open-sesame -out key.pem 2048"));
  const auto expect = [](const std::string& key, const std::string& passphrase,
                         const std::string& words) {
    const auto parsed = parse_signing_key(Secret(key), Secret(passphrase));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::misconfigured);
    EXPECT_THAT(parsed.error().context, HasSubstr(words));
    EXPECT_FALSE(parsed.error().hint.empty());
    const std::string shown = describe(parsed.error()) + parsed.error().hint;
    EXPECT_THAT(shown, Not(HasSubstr("open-sesame")));
    std::istringstream lines(key);
    for (std::string line; std::getline(lines, line);) {
      if (line.size() <= 16 || line.contains("-----")) continue;
      EXPECT_THAT(shown, Not(HasSubstr(line.substr(0, 16))));
    }
  };

  for (const auto& key : {encrypted, traditional}) {
    expect(key, "", "is encrypted and no passphrase is given");
    expect(key, "open-barley", "the passphrase is wrong or the key damaged");
    expect(key, std::string(5000, 'x'), "the passphrase is wrong or the key damaged");
    expect(key.substr(0, key.size() / 2), "open-sesame", "cut short");
    expect(key.substr(0, key.find("-----END")), "open-sesame", "cut short");
  }
  const auto middle = encrypted.find('\n', encrypted.size() / 2);
  expect(encrypted.substr(0, middle) + encrypted.substr(encrypted.find("\n-----END")),
         "open-sesame", "damaged");
  expect("", "", "is not PEM text");
  expect("{\"clientID\": 1}", "", "is not PEM text");
  expect(pem("PRIVATE KEY", "rubbish"), "", "damaged or of an unknown kind");
  expect(pem("CERTIFICATE", "rubbish"), "", "damaged or of an unknown kind");
}

TEST(SigningKey, WritesKeysAsBoxDoes) {
  const SigningKey key = generate_rsa_key(2048);

  const Secret written = key.encrypted_pem(Secret("open-sesame"));

  EXPECT_THAT(text_of(written), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  const auto read = parse_signing_key(written, Secret("open-sesame"));
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->public_pem(), key.public_pem());
  EXPECT_FALSE(parse_signing_key(written, Secret("open-barley")));
}

TEST(SigningKey, RefusesAnAlgorithmOfAnotherKind) {
  const SigningKey key = generate_rsa_key(2048);

  for (const auto algorithm : {JwsAlgorithm::es256, JwsAlgorithm::es384, JwsAlgorithm::eddsa}) {
    const auto signature = key.sign(algorithm, "message");
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::misconfigured);
    EXPECT_THAT(signature.error().context, HasSubstr(name_of(algorithm)));
    EXPECT_FALSE(key.verify_key().verify(algorithm, "message", std::string(64, 'x')));
  }
}

TEST(JwsAlgorithm, IsFoundByItsNameAlone) {
  for (const auto algorithm :
       {JwsAlgorithm::rs256, JwsAlgorithm::rs384, JwsAlgorithm::rs512, JwsAlgorithm::ps256,
        JwsAlgorithm::es256, JwsAlgorithm::es384, JwsAlgorithm::eddsa}) {
    EXPECT_EQ(find_algorithm(name_of(algorithm)), algorithm);
  }
  for (const auto* const name : {"none", "None", "", "HS256", "rs256", "RS256 "}) {
    EXPECT_EQ(find_algorithm(name), std::nullopt) << name;
  }
}

constexpr auto joe_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

TEST(JwsVectors, Rfc7515A2Rs256) {
  const std::string modulus = bytes(
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
      "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
      "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
      "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");
  ASSERT_EQ(modulus.size(), 256U);
  using namespace std::string_literals;
  const std::string der =
      "\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
      "\x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00"s +
      modulus + "\x02\x03\x01\x00\x01"s;
  const auto key = parse_verify_key(pem("PUBLIC KEY", der));
  ASSERT_TRUE(key) << describe(key.error());
  const std::string signature = bytes(
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
      "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
      "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
      "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");

  EXPECT_TRUE(key->verify(JwsAlgorithm::rs256, std::string("eyJhbGciOiJSUzI1NiJ9.") + joe_payload,
                          signature));
  EXPECT_FALSE(key->verify(JwsAlgorithm::rs384, std::string("eyJhbGciOiJSUzI1NiJ9.") + joe_payload,
                           signature));
  EXPECT_FALSE(key->verify(JwsAlgorithm::ps256, std::string("eyJhbGciOiJSUzI1NiJ9.") + joe_payload,
                           signature));
}

TEST(JwsVectors, Rfc7515A3Es256) {
  using namespace std::string_literals;
  const std::string der =
      "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce"
      "\x3d\x03\x01\x07\x03\x42\x00\x04"s +
      bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU") +
      bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  const auto key = parse_verify_key(pem("PUBLIC KEY", der));
  ASSERT_TRUE(key) << describe(key.error());
  const std::string message = std::string("eyJhbGciOiJFUzI1NiJ9.") + joe_payload;
  std::string signature = bytes(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");

  EXPECT_TRUE(key->verify(JwsAlgorithm::es256, message, signature));
  EXPECT_FALSE(key->verify(JwsAlgorithm::es256, message, signature.substr(1)));
  EXPECT_FALSE(key->verify(JwsAlgorithm::es256, message, signature + "x"));
  EXPECT_FALSE(key->verify(JwsAlgorithm::es256, message, std::string(64, '\0')));
  EXPECT_FALSE(key->verify(JwsAlgorithm::es256, message, ""));
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_FALSE(key->verify(JwsAlgorithm::es256, message, signature));
}

TEST(JwsVectors, Rfc8037A4EdDsa) {
  using namespace std::string_literals;
  const std::string der = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"s +
                          bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const auto key = parse_signing_key(Secret(pem("PRIVATE KEY", der)), Secret());
  ASSERT_TRUE(key) << describe(key.error());
  constexpr auto message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";

  const auto signature = key->sign(JwsAlgorithm::eddsa, message);

  ASSERT_TRUE(signature);
  EXPECT_EQ(
      encode_base64url(*signature),
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  EXPECT_TRUE(key->verify_key().verify(JwsAlgorithm::eddsa, message, *signature));
}

TEST(VerifyKey, RefusesWhatIsNoPublicKey) {
  EXPECT_FALSE(parse_verify_key(""));
  EXPECT_FALSE(parse_verify_key(pem("PUBLIC KEY", "rubbish")));
}

}  // namespace
}  // namespace valetkey::crypto
