// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an API means when it refuses a token (RFC 9110 §11.6.1, RFC 6750 §3).

#include <string>
#include <string_view>
#include <vector>

#include "valetkey/http.h"

namespace valetkey::oauth {

/// One challenge of a WWW-Authenticate header, with the parameters that matter here.
struct Challenge {
  std::string scheme{};
  std::string realm{};
  std::string error{};
  std::string error_description{};
  std::string scope{};

  bool operator==(const Challenge&) const = default;
};

/// Every challenge that can be read, up to the first piece that cannot.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::string_view header_value);

/// Rule U2: whether this API answer says that the access token is invalid: a 401 with a Bearer
/// challenge whose error is invalid_token, or without error and with an empty body. Never a 403.
[[nodiscard]] bool says_token_invalid(const HttpResponse& response);
/// Rule U2: a 403 for which a new token of the same kind would be no remedy.
[[nodiscard]] bool says_insufficient_scope(const HttpResponse& response);

}  // namespace valetkey::oauth
