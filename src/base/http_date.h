// SPDX-License-Identifier: Apache-2.0
#pragma once
// The dates of HTTP headers, and the one form in which we write dates down.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "valetkey/time.h"

namespace valetkey::base {

/// RFC 9110 §5.6.7, all three forms. A year that WallTime cannot hold becomes the nearest that it
/// can.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

/// RFC 9110 §5.6.7, IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(WallTime when);

/// RFC 9110 §10.2.3: seconds or a date. Never negative; more than a day becomes a day.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    WallTime now);

/// RFC 3339 §5.6 in UTC and whole seconds: "2026-11-24T01:02:03Z".
[[nodiscard]] std::string format_rfc3339(WallTime when);

}  // namespace valetkey::base
