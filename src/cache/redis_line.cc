// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_line.h"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>  // explicit_bzero
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/descriptor.h"

namespace valetkey::cache {
namespace {

/// TIME answers with two, a message has three.
constexpr int list_entries_max = 8;
constexpr std::size_t arguments_max = 8;
constexpr std::size_t pieces_per_write_max = 64;

// hiredis lets us build the replies. Its own would reserve what a list announces, up to 16 GiB;
// these refuse long lists, whereupon it ends the conversation. Depth it bounds itself, at seven.

RedisReply* place(const redisReadTask* task, RedisReply made) {
  if (task->parent == nullptr) return new RedisReply(std::move(made));
  auto& list = static_cast<RedisReply*>(task->parent->obj)->list;
  return &list.emplace_back(std::move(made));  // the last to be touched until it is whole
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
  using Kind = RedisReply::Kind;
  const Kind kind = task->type == REDIS_REPLY_ERROR    ? Kind::refusal
                    : task->type == REDIS_REPLY_STATUS ? Kind::status
                                                       : Kind::text;
  return place(task, {.kind = kind, .text = std::string(bytes, size)});
}

void* make_list(const redisReadTask* task, int entries) noexcept {
  if (entries > list_entries_max) return nullptr;
  return place(task, {.kind = RedisReply::Kind::list});
}

void* make_number(const redisReadTask* task, long long number) noexcept {
  return place(task, {.kind = RedisReply::Kind::number, .number = number});
}

void* make_nothing(const redisReadTask* task) noexcept {
  return place(task, {});
}

void free_reply(void* reply) noexcept {
  delete static_cast<RedisReply*>(reply);
}

Result<std::vector<SocketAddress>> address_of(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::unreachable, "the path is too long for a UNIX socket",
                "at most 107 bytes; use a shorter one");
  }
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), path.size());
  SocketAddress made{.size = sizeof address};
  std::memcpy(&made.bytes, &address, sizeof address);
  return std::vector{made};
}

redisReplyObjectFunctions reply_functions{make_text, make_list, make_number, make_nothing,
                                          free_reply};

}  // namespace

/// Commands in the server's language, on their way out. Wiped, for a password may be among them.
class RedisLine::Outgoing {
 public:
  Outgoing() = default;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing() {
    for (const auto& piece : pieces_) {
      explicit_bzero(piece.data, piece.size);
      redisFreeCommand(piece.data);
    }
  }

  void add(const RedisCommand& command) {
    VALETKEY_ASSERT(!command.empty() && command.size() <= arguments_max);
    std::array<const char*, arguments_max> arguments{};
    std::array<std::size_t, arguments_max> sizes{};
    for (std::size_t i = 0; i < command.size(); ++i) {
      arguments[i] = command[i].data();
      sizes[i] = command[i].size();
    }
    char* formatted = nullptr;
    const int size = redisFormatCommandArgv(&formatted, static_cast<int>(command.size()),
                                            arguments.data(), sizes.data());
    VALETKEY_ASSERT(size > 0);  // it fails when there is no memory, and then nothing goes on
    pieces_.push_back({formatted, static_cast<std::size_t>(size)});
  }

  [[nodiscard]] std::size_t commands() const noexcept { return pieces_.size(); }
  [[nodiscard]] bool done() const noexcept { return given_up_ || next_ == pieces_.size(); }
  /// The other side reads no more; what it said before it left may still be read.
  void give_up() noexcept { given_up_ = true; }

  [[nodiscard]] std::vector<iovec> rest() const {
    std::vector<iovec> parts;
    for (std::size_t i = next_; i < pieces_.size() && parts.size() < pieces_per_write_max; ++i)
      parts.push_back({pieces_[i].data, pieces_[i].size});
    if (!parts.empty()) {
      parts[0].iov_base = pieces_[next_].data + offset_;
      parts[0].iov_len -= offset_;
    }
    return parts;
  }

  void written(std::size_t bytes) noexcept {
    for (offset_ += bytes; next_ < pieces_.size() && offset_ >= pieces_[next_].size; ++next_)
      offset_ -= pieces_[next_].size;
  }

 private:
  struct Piece {
    char* data;
    std::size_t size;
  };

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  std::size_t offset_ = 0;  ///< into the next piece
  bool given_up_ = false;
};

void RedisLine::Closer::operator()(redisContext* context) const noexcept {
  redisFree(context);
}

Failure RedisLine::broken(Errc code, std::string_view what) const {
  return fail(code, name_ + ": " + std::string(what));
}

Failure RedisLine::not_connected(int error) const {
  auto failed = base::system_failure(error, Errc::unreachable, name_).error();
  if (failed.hint.empty())
    failed.hint = "start redis-server there, or correct the address in the configuration";
  return fail(std::move(failed));
}

Result<RedisLine> RedisLine::open(const RedisOptions& options, HostLookup& lookup,
                                  Deadline deadline, int wake_fd) {
  RedisLine line(options.clock, description_of(options), wake_fd);
  Result<std::vector<SocketAddress>> addresses =
      options.unix_path.empty() ? lookup.fetch(deadline) : address_of(options.unix_path);
  if (!addresses) {
    Error error = std::move(addresses).error();
    error.context = line.name_ + ": " + error.context;
    return fail(std::move(error));
  }
  Result<void> connected = line.broken(Errc::unreachable, "the host's name has no address");
  for (const auto& address : *addresses) {
    connected = line.connect_to(address, deadline);
    if (connected || connected.error().code != Errc::unreachable) break;
  }
  if (!connected) return failure_of(std::move(connected));
  if (auto done = line.greet(options, deadline); !done) return failure_of(std::move(done));
  return line;
}

Result<void> RedisLine::connect_to(const SocketAddress& address, Deadline deadline) {
  constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const int made = ::socket(address.bytes.ss_family, kind, 0);
  if (made < 0) return not_connected(errno);
  context_.reset(redisConnectFd(made));  // which closes it
  if (context_ == nullptr) {
    close(made);
    return broken(Errc::exhausted, "no memory for a connection");
  }
  context_->flags &= ~REDIS_BLOCK;
  context_->reader->fn = &reply_functions;
  if (address.bytes.ss_family != AF_UNIX) {
    const int on = 1;
    setsockopt(context_->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const void* const bytes = &address.bytes;
  if (connect(context_->fd, static_cast<const sockaddr*>(bytes), address.size) == 0) return {};
  // A UNIX socket says EAGAIN when its queue of connections is full: nobody accepts them.
  if (errno != EINPROGRESS) return not_connected(errno);
  auto ready = wait(POLLOUT, deadline);
  if (!ready) return failure_of(std::move(ready));
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return not_connected(error);
  return {};
}

Result<void> RedisLine::greet(const RedisOptions& options, Deadline deadline) {
  Outgoing outgoing;
  if (!options.password.empty()) {
    options.password.reveal([&](std::string_view password) {
      outgoing.add(options.user.empty() ? RedisCommand{"AUTH", password}
                                        : RedisCommand{"AUTH", options.user, password});
    });
  }
  const std::string database = std::to_string(options.database);
  if (options.database != 0) outgoing.add({"SELECT", database});
  if (outgoing.commands() == 0) return {};
  auto replies = exchange(outgoing, outgoing.commands(), deadline);
  if (!replies) return failure_of(std::move(replies));
  for (const auto& reply : *replies) {
    if (reply.is(RedisReply::Kind::refusal)) {
      RedisRefusal refusal = refusal_of(reply, name_);
      // SECURITY: what a server says of a password may hold it. Its first word is a code.
      auto& words = refusal.error.server_text;
      words.resize(std::min(words.find(' '), words.size()));
      return fail(std::move(refusal.error));
    }
    if (!reply.is(RedisReply::Kind::status))
      return broken(Errc::malformed_response, "answers rubbish to AUTH or SELECT");
  }
  return {};
}

Result<short> RedisLine::wait(short events, Deadline deadline) const {
  for (;;) {
    const auto left = deadline.left(clock_->now());
    if (left == std::chrono::nanoseconds::zero())
      return broken(Errc::timed_out, "no answer in time");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{static_cast<time_t>(seconds.count()),
                         static_cast<long>((left - seconds).count())};
    std::array<pollfd, 2> polled{pollfd{context_->fd, events, 0}, pollfd{wake_fd_, POLLIN, 0}};
    const int count = ppoll(polled.data(), polled.size(), &limit, nullptr);
    if (count < 0 && errno != EINTR) return base::system_failure(errno, Errc::unreachable, name_);
    if (count <= 0) continue;
    if (polled[1].revents != 0) return broken(Errc::cancelled, "no longer wanted");
    return polled[0].revents;
  }
}

Result<void> RedisLine::write_some(Outgoing& outgoing) const {
  auto parts = outgoing.rest();
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const auto sent = sendmsg(context_->fd, &message, MSG_NOSIGNAL);
  if (sent >= 0) {
    outgoing.written(static_cast<std::size_t>(sent));
  } else if (errno == EPIPE || errno == ECONNRESET) {
    outgoing.give_up();
  } else if (errno != EAGAIN && errno != EINTR) {
    return base::system_failure(errno, Errc::unreachable, name_);
  }
  return {};
}

Result<void> RedisLine::read_some() {
  const std::size_t before = context_->reader->len;
  errno = 0;
  if (redisBufferRead(context_.get()) != REDIS_OK) {
    if (context_->err == REDIS_ERR_IO && errno != 0)
      return base::system_failure(errno, Errc::unreachable, name_);
    return broken(Errc::unreachable, "the server closed the connection");
  }
  unparsed_bytes_ += context_->reader->len - before;
  if (unparsed_bytes_ > redis_reply_bytes_max)
    return broken(Errc::malformed_response, "an answer without end");
  return {};
}

Result<bool> RedisLine::take_reply(RedisReply& reply) {
  void* object = nullptr;
  if (redisGetReplyFromReader(context_.get(), &object) != REDIS_OK)
    return broken(Errc::malformed_response, "what answers does not speak Redis' language");
  if (object == nullptr) return false;
  const std::unique_ptr<RedisReply> taken(static_cast<RedisReply*>(object));
  reply = std::move(*taken);
  unparsed_bytes_ = context_->reader->len - context_->reader->pos;
  return true;
}

Result<std::vector<RedisReply>> RedisLine::exchange(Outgoing& outgoing, std::size_t replies_wanted,
                                                    Deadline deadline) {
  std::vector<RedisReply> replies;
  if (auto done = write_some(outgoing); !done) return failure_of(std::move(done));
  while (!outgoing.done() || replies.size() < replies_wanted) {
    auto ready = wait(static_cast<short>(outgoing.done() ? POLLIN : POLLIN | POLLOUT), deadline);
    if (!ready) return failure_of(std::move(ready));
    if ((*ready & POLLOUT) != 0) {
      if (auto done = write_some(outgoing); !done) return failure_of(std::move(done));
    }
    if ((*ready & ~POLLOUT) == 0) continue;
    if (auto done = read_some(); !done) {
      // A server that sends a stranger away says why to the first question and answers no other.
      const bool said_why = !replies.empty() && replies.back().is(RedisReply::Kind::refusal);
      if (!said_why || replies.size() >= replies_wanted) return failure_of(std::move(done));
      replies.resize(replies_wanted, RedisReply(replies.back()));
      return replies;
    }
    while (replies.size() < replies_wanted) {
      RedisReply reply;
      auto taken = take_reply(reply);
      if (!taken) return failure_of(std::move(taken));
      if (!*taken) break;
      replies.push_back(std::move(reply));
    }
  }
  return replies;
}

Result<std::vector<RedisReply>> RedisLine::ask(std::span<const RedisCommand> commands,
                                               Deadline deadline) {
  Outgoing outgoing;
  for (const auto& command : commands)
    outgoing.add(command);
  return exchange(outgoing, commands.size(), deadline);
}

Result<void> RedisLine::send(const RedisCommand& command, Deadline deadline) {
  Outgoing outgoing;
  outgoing.add(command);
  for (;;) {
    if (auto done = write_some(outgoing); !done) return failure_of(std::move(done));
    if (outgoing.done()) return {};
    auto ready = wait(POLLOUT, deadline);
    if (!ready) return failure_of(std::move(ready));
  }
}

Result<RedisReply> RedisLine::next(Deadline deadline) {
  for (;;) {
    RedisReply reply;
    auto taken = take_reply(reply);
    if (!taken) return failure_of(std::move(taken));
    if (*taken) return reply;
    auto ready = wait(POLLIN, deadline);
    if (!ready) return failure_of(std::move(ready));
    if (auto done = read_some(); !done) return failure_of(std::move(done));
  }
}

bool RedisLine::quiet() const {
  if (context_->reader->len != context_->reader->pos) return false;
  pollfd polled{context_->fd, POLLIN, 0};
  return poll(&polled, 1, 0) == 0;
}

}  // namespace valetkey::cache
