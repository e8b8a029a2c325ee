// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads what a token endpoint answers, and judges whether it is what was asked for.

#include <string>
#include <vector>

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/http.h"
#include "valetkey/request.h"
#include "valetkey/token.h"

namespace valetkey::oauth {

/// One entry of Box's `restricted_to`.
struct RestrictedTo {
  std::string scope{};
  std::string object_type{};  ///< "file", "folder"; empty: no object
  std::string object_id{};

  bool operator==(const RestrictedTo&) const = default;
};

struct TokenAnswer {
  TokenFields token{};
  Secret refresh_token{};  ///< empty: none came
  std::vector<RestrictedTo> restricted_to{};
  std::string issued_token_type{};
};

/// A 2xx answer is the token; it lives from the moment the request was sent (rule C2), and no
/// longer than its parent where there is one (rule D1). Anything else is an error.
///
/// `parent` is null unless the request was an exchange, whose answer may not be the parent itself.
/// What was granted still has to pass check_grant. Errors: malformed_response, and those of parse_error_response.
[[nodiscard]] Result<TokenAnswer> parse_token_response(const HttpResponse& response,
                                                       const Profile& profile,
                                                       const TokenRequest& request,
                                                       const AccessToken* parent);

/// Rule D2: granted scopes are among the requested, `restricted_to` names the resource, the types
/// are as asked. Errors: wider_than_asked (the token has to be revoked), malformed_response.
[[nodiscard]] Result<void> check_grant(const TokenAnswer& answer, const Profile& profile,
                                       const TokenRequest& request);

}  // namespace valetkey::oauth
