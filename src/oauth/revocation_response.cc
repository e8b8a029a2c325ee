// SPDX-License-Identifier: Apache-2.0
#include "oauth/revocation_response.h"

#include "oauth/error_response.h"

namespace valetkey::oauth {

Result<void> parse_revocation_response(const HttpResponse& response, const Profile& profile) {
  // RFC 7009 §2.2: 200 whatever the token was; the body means nothing.
  if (response.status >= 200 && response.status <= 299) return {};
  // RFC 7009 §2.2.1: after a 503, as after any failure, the token is taken to live.
  return fail(parse_error_response(response, profile, Operation::revocation));
}

}  // namespace valetkey::oauth
