// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads what a revocation endpoint answers (RFC 7009 §2.2).

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/http.h"

namespace valetkey::oauth {

/// Success means: that token is dead, whether it lived before or not.
///
/// Errors: those of parse_error_response. After one the token must be taken to live.
[[nodiscard]] Result<void> parse_revocation_response(const HttpResponse& response,
                                                     const Profile& profile);

}  // namespace valetkey::oauth
