// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an authorization server says of a token (RFC 7662).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace valetkey {

/// RFC 7662 §2.2. When `active` is false the rest says nothing.
struct Introspection {
  bool active = false;
  std::vector<std::string> scopes{};
  std::string client_id{};
  std::string username{};
  std::string token_type{};
  std::string subject{};
  std::string audience{};  ///< several are joined by spaces
  std::string issuer{};
  std::optional<std::int64_t> expires_at{};  ///< Units: seconds since 1970
};

}  // namespace valetkey
