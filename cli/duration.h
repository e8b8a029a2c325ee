// SPDX-License-Identifier: Apache-2.0
#pragma once
// Durations on the command line: 500ms, 30s, 5m, 1h.

#include <CLI/CLI.hpp>

#include <chrono>
#include <string>

namespace valetkey::cli {

/// "59 min", "12 s": rounded down, for people.
[[nodiscard]] std::string text_of(std::chrono::seconds duration);

/// An option that takes a duration. `value` outlives the app.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                          const std::string& description);

}  // namespace valetkey::cli
