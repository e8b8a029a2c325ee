// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <atomic>
#include <memory>
#include <utility>

#include "base/guarded.h"

namespace valetkey {
namespace {

using Write = std::function<void(LogLevel, std::string_view)>;

constinit std::atomic<LogLevel> threshold{LogLevel::off};

base::Guarded<std::shared_ptr<const Write>>& writer() {
  static base::Guarded<std::shared_ptr<const Write>> held;  // shared with a line being written
  return held;
}

}  // namespace

void set_log(LogLevel level, std::function<void(LogLevel, std::string_view)> write) {
  auto shared = std::make_shared<const Write>(std::move(write));
  writer().with([&](auto& held) { held = std::move(shared); });
  threshold.store(level, std::memory_order_release);
}

namespace base {

bool log_enabled(LogLevel level) noexcept {
  return level >= threshold.load(std::memory_order_acquire) && level != LogLevel::off;
}

void log(LogLevel level, std::string_view line) {
  if (!log_enabled(level)) return;
  const auto write = writer().with([](const auto& held) { return held; });
  if (write && *write) (*write)(level, line);
}

}  // namespace base
}  // namespace valetkey
