// SPDX-License-Identifier: Apache-2.0
#pragma once
// curl's reasons, in our words.

#include <curl/curl.h>

#include <string>

#include "valetkey/error.h"

namespace valetkey::http {

/// What a failed transfer means. `origin` is all of the URL that an error may show.
[[nodiscard]] Error explain_failure(CURL* easy, CURLcode code, const std::string& origin);

}  // namespace valetkey::http
