// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection to a Redis server that keeps its deadlines to the letter.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/host_lookup.h"
#include "cache/redis_options.h"
#include "cache/redis_reply.h"
#include "valetkey/error.h"
#include "valetkey/time.h"

struct redisContext;

namespace valetkey::cache {

/// A command and its arguments; what they view outlives the question.
using RedisCommand = std::vector<std::string_view>;

/// hiredis says how the protocol is written and read. Connecting and waiting are our own: its
/// blocking calls count their timeout anew at each byte, so a server that trickles would hold a
/// caller for ever; its writes end a program that does not ignore SIGPIPE; it waits for a resolver
/// as long as that takes; and programs that we run would inherit its sockets, signed in as they
/// are.
///
/// After any error the line is of no more use: an answer may still be under way.
class RedisLine {
 public:
  /// Connects, and says who we are. `lookup` is of the options' host. When `wake_fd` becomes
  /// readable, every wait of this line ends with `cancelled`; -1: never.
  /// Errors: unreachable, timed_out, access_denied, malformed_response, exhausted (no descriptor).
  /// Blocks: until the deadline.
  [[nodiscard]] static Result<RedisLine> open(const RedisOptions& options, HostLookup& lookup,
                                              Deadline deadline, int wake_fd = -1);

  RedisLine(RedisLine&&) noexcept = default;
  RedisLine& operator=(RedisLine&&) noexcept = default;
  RedisLine(const RedisLine&) = delete;
  RedisLine& operator=(const RedisLine&) = delete;
  ~RedisLine() = default;

  /// One reply for each command, refusals among them. Errors: unreachable when the connection is
  /// gone, timed_out, malformed_response, cancelled. Blocks: one round trip, until the deadline.
  [[nodiscard]] Result<std::vector<RedisReply>> ask(std::span<const RedisCommand> commands,
                                                    Deadline deadline);

  /// Writes and waits for nothing but room to write.
  [[nodiscard]] Result<void> send(const RedisCommand& command, Deadline deadline);
  /// The next that the server says. Errors, Blocks: as `ask`.
  [[nodiscard]] Result<RedisReply> next(Deadline deadline);

  /// Nothing waits to be read: an idle line on which something does was closed by the server, or
  /// answers a question that nobody asked.
  [[nodiscard]] bool quiet() const;

 private:
  struct Closer {
    void operator()(redisContext* context) const noexcept;
  };
  using Context = std::unique_ptr<redisContext, Closer>;
  class Outgoing;

  RedisLine(std::shared_ptr<Clock> clock, std::string name, int wake_fd)
      : clock_(std::move(clock)), name_(std::move(name)), wake_fd_(wake_fd) {}

  Result<void> connect_to(const SocketAddress& address, Deadline deadline);
  Result<void> greet(const RedisOptions& options, Deadline deadline);
  /// Whatever of `events` has happened. Errors: timed_out, cancelled.
  Result<short> wait(short events, Deadline deadline) const;
  Result<void> write_some(Outgoing& outgoing) const;
  Result<void> read_some();
  /// A reply that has arrived whole. Errors: malformed_response.
  Result<bool> take_reply(RedisReply& reply);
  Result<std::vector<RedisReply>> exchange(Outgoing& outgoing, std::size_t replies_wanted,
                                           Deadline deadline);
  [[nodiscard]] Failure broken(Errc code, std::string_view what) const;
  [[nodiscard]] Failure not_connected(int error) const;

  Context context_;
  std::shared_ptr<Clock> clock_;  // shared with the client
  std::string name_;
  int wake_fd_;
  std::size_t unparsed_bytes_ = 0;  ///< read since the last whole reply
};

/// What our own values and answers stay below by far; a larger one ends the line.
inline constexpr std::size_t redis_reply_bytes_max = 2 * 1024 * 1024;

}  // namespace valetkey::cache
