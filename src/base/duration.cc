// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace valetkey::base {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_number<std::int64_t>(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  if (!count || *count <= 0 || *count > 86'400'000) return std::nullopt;
  milliseconds duration{};
  if (unit == "ms") {
    duration = milliseconds(*count);
  } else if (unit == "s") {
    duration = std::chrono::seconds(*count);
  } else if (unit == "m") {
    duration = std::chrono::minutes(*count);
  } else if (unit == "h") {
    duration = std::chrono::hours(*count);
  } else {
    return std::nullopt;
  }
  if (duration > std::chrono::hours(24)) return std::nullopt;
  return duration;
}

}  // namespace valetkey::base
