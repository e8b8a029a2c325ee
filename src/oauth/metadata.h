// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an authorization server publishes about itself (RFC 8414).

#include <string>
#include <string_view>
#include <vector>

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/http.h"

namespace valetkey::oauth {

/// Where to ask, in this order: RFC 8414 §3.1, then OpenID Connect Discovery §4. Empty when the
/// issuer is no URL.
[[nodiscard]] std::vector<std::string> metadata_urls(std::string_view issuer);

struct Metadata {
  std::string issuer{};
  std::string token_endpoint{};
  std::string revocation_endpoint{};
  std::string introspection_endpoint{};
  std::vector<std::string> grant_types{};         ///< empty: the server names none
  std::vector<std::string> token_auth_methods{};  ///< empty: the server names none
};

/// Errors: misconfigured when the document is another issuer's or there is none;
/// malformed_response; those of parse_error_response.
[[nodiscard]] Result<Metadata> parse_metadata(const HttpResponse& response,
                                              std::string_view issuer);

/// Takes over the endpoints; unless the client's way to prove itself is configured, picks one that
/// the server supports, the profile's own where possible.
void apply_metadata(Profile& profile, const Metadata& metadata, bool auth_method_is_configured);

}  // namespace valetkey::oauth
