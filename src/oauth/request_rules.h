// SPDX-License-Identifier: Apache-2.0
#pragma once
// What may be asked of a provider, and the cache key of what is asked.

#include <string>

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/request.h"

namespace valetkey::oauth {

/// Checks a request by the provider's rules and gives it its one spelling: the subject resolved,
/// scopes sorted and unique, a Box resource as https://api.box.com/2.0/files/ID. Idempotent.
///
/// Errors: invalid_argument.
[[nodiscard]] Result<TokenRequest> normalised(const Profile& profile, TokenRequest request);

/// Rule C1: everything that changes the token, length-prefixed, so that no two keys can collide.
/// Precondition: `request` is normalised.
[[nodiscard]] std::string cache_key(const Profile& profile, const TokenRequest& request);

/// The part of it that is the provider's: which server, by what name, for which client.
[[nodiscard]] std::string provider_key(const Profile& profile);

/// Of a restricted request, the one whose token it is narrowed from: same provider, subject and
/// `min_life`, no restriction.
[[nodiscard]] TokenRequest parent_request(const TokenRequest& request);

}  // namespace valetkey::oauth
