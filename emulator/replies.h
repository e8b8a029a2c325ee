// SPDX-License-Identifier: Apache-2.0
#pragma once
// The replies that Box gives, word for word.

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "emulator/message.h"

namespace valetkey::emulator {

namespace json = boost::json;

[[nodiscard]] Reply json_reply(int status, const json::value& value);
[[nodiscard]] Reply empty_reply(int status);

/// RFC 6749 §5.2. Slashes are escaped, as in Box's own bytes.
[[nodiscard]] Reply oauth_error(int status, std::string_view code, std::string_view description);
[[nodiscard]] Reply oauth_error(std::string_view code, std::string_view description);

[[nodiscard]] Reply api_error(int status, std::string_view code, std::string_view message,
                              json::value context_info = nullptr);
/// The token is expired, revoked or bogus.
[[nodiscard]] Reply invalid_token();
/// There is no token.
[[nodiscard]] Reply no_token();
[[nodiscard]] Reply insufficient_scope();
[[nodiscard]] Reply insufficient_permission();
[[nodiscard]] Reply not_found();
[[nodiscard]] Reply method_not_allowed();
[[nodiscard]] Reply bad_request(std::string_view name, std::string_view message);

}  // namespace valetkey::emulator
