// SPDX-License-Identifier: Apache-2.0
#pragma once
// The library is silent until a program gives it somewhere to write.

#include <cstdint>
#include <functional>
#include <string_view>

namespace valetkey {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

/// Receives each line at or above `level`. `write` must not block for long and must not call back
/// into valetkey. Lines never hold a secret or a token (rule S3). Process-wide. Threads: any.
void set_log(LogLevel level, std::function<void(LogLevel, std::string_view)> write);

}  // namespace valetkey
