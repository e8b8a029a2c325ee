// SPDX-License-Identifier: Apache-2.0
#pragma once
// Durations as people write them: 500ms, 30s, 5m, 1h.

#include <chrono>
#include <optional>
#include <string_view>

namespace valetkey::base {

/// Nothing when it is no duration, is zero, or is longer than a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace valetkey::base
