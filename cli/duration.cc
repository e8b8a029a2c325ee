// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

#include "base/duration.h"

namespace valetkey::cli {

using std::chrono::milliseconds;

std::string text_of(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, milliseconds& value,
                          const std::string& description) {
  const auto take = [&value, name](const std::string& text) {
    const auto duration = base::parse_duration(text);
    if (!duration) {
      throw CLI::ValidationError(name, "not a duration; write 500ms, 30s, 5m or 1h, at most 24h");
    }
    value = *duration;
  };
  return app.add_option_function<std::string>(name, take, description)->type_name("DURATION");
}

}  // namespace valetkey::cli
