// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace valetkey::cli {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = base::parse_number<std::int64_t>(text.substr(0, digits));
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

std::string text_of(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, milliseconds& value,
                          const std::string& description) {
  const auto take = [&value, name](const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) {
      throw CLI::ValidationError(name, "not a duration; write 500ms, 30s, 5m or 1h, at most 24h");
    }
    value = *duration;
  };
  return app.add_option_function<std::string>(name, take, description)->type_name("DURATION");
}

}  // namespace valetkey::cli
