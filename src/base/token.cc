// SPDX-License-Identifier: Apache-2.0
#include "valetkey/token.h"

#include <algorithm>

#include "base/assert.h"

namespace valetkey {

Fingerprint::Fingerprint(std::string_view hex) {
  VALETKEY_ASSERT(hex.size() >= digits);
  std::copy_n(hex.begin(), digits, hex_.begin());
}

std::string_view name_of(TokenOrigin origin) noexcept {
  switch (origin) {
    case TokenOrigin::memory:
      return "memory";
    case TokenOrigin::shared:
      return "shared";
    case TokenOrigin::provider:
      return "provider";
  }
  return "provider";
}

std::string text_of(const Subject& subject) {
  switch (subject.type) {
    case SubjectType::configured:
      return "configured";
    case SubjectType::client:
      return "client";
    case SubjectType::enterprise:
      return "enterprise:" + subject.id;
    case SubjectType::user:
      return "user:" + subject.id;
  }
  return {};
}

}  // namespace valetkey
