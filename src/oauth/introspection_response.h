// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads what an introspection endpoint answers (RFC 7662 §2.2).

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/http.h"
#include "valetkey/introspection.h"

namespace valetkey::oauth {

/// Errors: malformed_response, and those of parse_error_response.
[[nodiscard]] Result<Introspection> parse_introspection_response(const HttpResponse& response,
                                                                 const Profile& profile);

}  // namespace valetkey::oauth
