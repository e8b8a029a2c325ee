// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lines to one Redis server, opened as they are needed and kept for the next question.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cache/redis_line.h"
#include "cache/redis_options.h"

namespace valetkey::cache {

struct RedisAnswer {
  std::vector<RedisReply> replies{};  ///< one for each command
  /// The connection went after the question was sent, and it was asked again on another: the server
  /// may have done it twice.
  bool repeated = false;
};

/// Threads: any.
class RedisPool {
 public:
  explicit RedisPool(RedisOptions options);

  /// Asks on an idle line, else on a new one. If the idle one turns out to be dead (the server was
  /// restarted, or tired of us), everything is asked once more on a new line; commands must bear
  /// it. Errors: as RedisLine. Blocks: one round trip, at most the timeout, until the deadline.
  [[nodiscard]] Result<RedisAnswer> ask(std::span<const RedisCommand> commands, Deadline deadline);

  /// A line for the caller alone. Errors, Blocks: as RedisLine::open.
  [[nodiscard]] Result<RedisLine> open(Deadline deadline, int wake_fd = -1) {
    return RedisLine::open(options_, lookup_, deadline, wake_fd);
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const RedisOptions& options() const noexcept { return options_; }

 private:
  std::optional<RedisLine> take_quiet_line();
  void keep(RedisLine line, const std::vector<RedisReply>& replies);

  const RedisOptions options_;
  const std::string name_;
  HostLookup lookup_;
  base::Guarded<std::vector<RedisLine>> idle_;  // the most recently used is the last
};

}  // namespace valetkey::cache
