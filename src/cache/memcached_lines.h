// SPDX-License-Identifier: Apache-2.0
#pragma once
// One memcached: whether to ask it, and the connections to ask it over.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/memcached_line.h"
#include "cache/server_health.h"
#include "valetkey/error.h"
#include "valetkey/time.h"

namespace valetkey::cache {

/// Until when a question may take, and whether its caller has left it less time than a server
/// that is well may need: such a question says nothing about the server when it fails.
struct QuestionTime {
  Deadline deadline{};
  bool hurried = false;
};

/// How soon a server can be expected to answer.
enum class Standing : std::uint8_t {
  ready,     ///< it did, and a connection waits for us
  well,      ///< it must be connected to
  troubled,  ///< it failed last, and at most finds out whether it is back
};

/// Threads: any.
class MemcachedLines {
 public:
  /// `name`: "memcached 127.0.0.1:11211".
  MemcachedLines(std::string name, MemcachedEndpoint endpoint, std::shared_ptr<Clock> clock)
      : endpoint_(std::move(endpoint)), clock_(std::move(clock)), health_(std::move(name)) {}

  /// A connection, for as long as the lease lives.
  class Lease {
   public:
    Lease(MemcachedLines& home, std::unique_ptr<MemcachedLine> line)
        : home_(&home), line_(std::move(line)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (line_) home_->give_back(std::move(line_));
    }
    MemcachedLine* operator->() const noexcept { return line_.get(); }

   private:
    MemcachedLines* home_;
    std::unique_ptr<MemcachedLine> line_;
  };

  /// Errors: why the server is left alone; timed_out. Blocks: while all connections are in use.
  [[nodiscard]] Result<Lease> take(QuestionTime time);
  /// Nothing while all connections are in use. Errors: as `take`.
  [[nodiscard]] Result<std::optional<Lease>> take_now(QuestionTime time);

  [[nodiscard]] Standing standing();

  /// What became of a question: keeps the server's health, and says which server it was.
  template <class T>
  [[nodiscard]] Result<T> judged(Result<T>&& result, QuestionTime time) {
    if (result) {
      health_.answered();
      return std::move(result);
    }
    return fail(judged_error(std::move(result).error(), time));
  }

  [[nodiscard]] const std::string& name() const noexcept { return health_.name(); }

 private:
  [[nodiscard]] Failure no_time_left() const;
  /// Precondition: `mutex_` is held by `lock`, which is given up, and not all are in use.
  Lease lend(std::unique_lock<std::mutex> lock);
  Error judged_error(Error error, QuestionTime time);
  void give_back(std::unique_ptr<MemcachedLine> line);

  const MemcachedEndpoint endpoint_;
  const std::shared_ptr<Clock> clock_;
  ServerHealth health_;
  std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<MemcachedLine>> idle_;  // the connected ones are the last
  std::size_t in_use_ = 0;
};

}  // namespace valetkey::cache
