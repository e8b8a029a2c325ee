// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests to an authorization server, as bytes. Their answers are read elsewhere.

#include <string_view>

#include "oauth/client_auth.h"
#include "oauth/profile.h"
#include "valetkey/http.h"
#include "valetkey/request.h"
#include "valetkey/token.h"

// Precondition of all: the token request is normalised.
namespace valetkey::oauth {

/// RFC 6749 §4.4.2.
[[nodiscard]] HttpRequest client_credentials_request(const Profile& profile,
                                                     const TokenRequest& request,
                                                     const ClientProof& proof);
/// RFC 7523 §2.1.
[[nodiscard]] HttpRequest jwt_bearer_request(const Profile& profile, const TokenRequest& request,
                                             const Secret& assertion, const ClientProof& proof);
/// RFC 6749 §6.
[[nodiscard]] HttpRequest refresh_request(const Profile& profile, const TokenRequest& request,
                                          const Secret& refresh_token, const ClientProof& proof);
/// RFC 8693 §2.1. `actor_token` may be null.
[[nodiscard]] HttpRequest exchange_request(const Profile& profile, const TokenRequest& request,
                                           const AccessToken& parent, const Secret* actor_token,
                                           const ClientProof& proof);
/// RFC 7009 §2.1. Precondition: the profile has a revocation endpoint.
[[nodiscard]] HttpRequest revocation_request(const Profile& profile, const AccessToken& token,
                                             const ClientProof& proof);
/// RFC 7662 §2.1. Precondition: the profile has an introspection endpoint.
[[nodiscard]] HttpRequest introspection_request(const Profile& profile, const AccessToken& token,
                                                const ClientProof& proof);
/// RFC 8414 §3.1. `url` is one of metadata_urls().
[[nodiscard]] HttpRequest metadata_request(std::string_view url);

}  // namespace valetkey::oauth
