// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which servers may be talked to, and which are the same (rules S4, S5).

#include <string>
#include <string_view>

#include "valetkey/error.h"

namespace valetkey::http {

/// Rule S4: https anywhere, or http to a loopback address (127.0.0.0/8, ::1, localhost). No
/// user information and no fragment.
///
/// Errors: misconfigured when it is no such URL; denied_by_policy when it is plain http to another
/// machine. Neither repeats more of the URL than its origin.
[[nodiscard]] Result<void> check_upstream_url(std::string_view url);

/// "http://proxy:3128" or "proxy:3128", and the same of https, socks4, socks4a, socks5 and socks5h.
///
/// Errors: misconfigured. SECURITY: the password of a proxy is a secret in the wrong place (rule
/// S2), so no message repeats any of the address.
[[nodiscard]] Result<void> check_proxy_address(std::string_view proxy);

/// Whether the URL's host is this machine by its spelling.
[[nodiscard]] bool names_loopback(std::string_view url);

/// RFC 6454 §5: same scheme, host and port. False for what is no URL.
[[nodiscard]] bool same_origin(std::string_view left, std::string_view right);

/// "https://api.box.com:443": what an error or a log may show of a URL.
[[nodiscard]] std::string origin_of(std::string_view url);

/// RFC 9110 §10.2.2: a Location header's value, made absolute. Never from https down to http.
///
/// Errors: malformed_response, denied_by_policy.
[[nodiscard]] Result<std::string> resolve_location(std::string_view redirected,
                                                   std::string_view location);

}  // namespace valetkey::http
