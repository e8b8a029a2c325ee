// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tokens for tests of what keeps tokens.

#include <chrono>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "valetkey/token.h"

namespace valetkey::support {

inline Fingerprint fingerprint_of(std::string_view text) {
  return crypto::fingerprint_of(text);
}

struct TestToken {
  std::string value = "token";
  Instant sent_at{};
  std::chrono::seconds expires_in{3600};
  Subject subject{SubjectType::user, "1"};
};

inline TokenFields fields_of(const TestToken& test) {
  TokenFields fields;
  fields.value = Secret(test.value);
  fields.fingerprint = fingerprint_of(test.value);
  fields.provider = "test";
  fields.subject = test.subject;
  fields.token_type = "bearer";
  fields.sent_at = test.sent_at;
  if (test.expires_in.count() != 0) fields.expires_at = test.sent_at + test.expires_in;
  return fields;
}

inline AccessToken make_token(const TestToken& test) {
  return AccessToken(fields_of(test));
}

inline std::string text_of(const AccessToken& token) {
  return token.reveal([](std::string_view text) { return std::string(text); });
}

}  // namespace valetkey::support
