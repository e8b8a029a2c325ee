// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request carried, kept out of the error that its answer was made into (rule S3).

#include <vector>

#include "valetkey/error.h"
#include "valetkey/http.h"

namespace valetkey::api {

/// Servers repeat what they were sent. Cuts every piece of the request's tokens, assertions and
/// proofs, and of `secrets`, out of the words of an error, as sent and decoded.
void cut_sent_secrets(Error& error, const HttpRequest& request, const std::vector<Secret>& secrets);

}  // namespace valetkey::api
