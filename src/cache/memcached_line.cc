// SPDX-License-Identifier: Apache-2.0
#include "cache/memcached_line.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"

namespace valetkey::cache {
namespace {

constexpr std::string_view line_end = "\r\n";

Failure system_said(int error, const char* what) {
  return base::system_failure(error, Errc::unreachable, what);
}

Failure not_connected(int error) {
  auto failed = base::system_failure(error, Errc::unreachable, "cannot connect").error();
  if (failed.hint.empty())
    failed.hint = "start memcached there, or correct the address in the configuration";
  return fail(std::move(failed));
}

Failure too_late() {
  return fail(Errc::timed_out, "no answer in time",
              "look at the server's load and at the network between");
}

iovec piece(std::string_view bytes) {
  // The kernel only reads what is sent; the type comes from readv.
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

std::optional<SocketAddress> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  SocketAddress made;
  std::memcpy(&made.bytes, &address, sizeof address);
  made.size = sizeof address;
  return made;
}

const sockaddr* raw(const SocketAddress& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address.bytes));
}

/// "17@42.1790000000": memcached's number, then the life of the server that gave it.
std::string format_version(std::uint64_t cas, const std::string& life_of_server) {
  return std::to_string(cas) + "@" + life_of_server;
}

/// Nothing when it cannot be the version of any value that this life of the server holds.
std::optional<std::uint64_t> parse_version(std::string_view version,
                                           std::string_view life_of_server) {
  const auto at = version.find('@');
  if (at == std::string_view::npos || version.substr(at + 1) != life_of_server) return std::nullopt;
  return base::parse_number<std::uint64_t>(version.substr(0, at));
}

}  // namespace

MemcachedLine::MemcachedLine(MemcachedEndpoint endpoint, std::shared_ptr<Clock> clock)
    : endpoint_(std::move(endpoint)), clock_(std::move(clock)) {}

Result<void> MemcachedLine::send_gets(const std::vector<std::string_view>& names,
                                      Deadline deadline) {
  if (auto ready = prepare(deadline); !ready) return ready;
  return closed_unless(send(format_gets(names), {}, {}));
}

Result<std::vector<std::optional<StoredValue>>> MemcachedLine::read_values(
    const std::vector<std::string_view>& names, Deadline deadline) {
  hurry_until(deadline);
  auto values = closed_unless(reader_->read_values(names));
  if (!values) return failure_of(std::move(values));
  std::vector<std::optional<StoredValue>> stored;
  for (auto& value : *values) {
    stored.emplace_back();
    if (!value) continue;
    stored.back().emplace();
    stored.back()->bytes = std::move(value->bytes);
    stored.back()->version = format_version(value->cas, life_of_server_);
  }
  return stored;
}

Result<bool> MemcachedLine::put(std::string_view name, const std::string& version,
                                const Secret& bytes, std::chrono::seconds life, Deadline deadline) {
  if (auto ready = prepare(deadline); !ready) return failure_of(std::move(ready));
  std::optional<std::uint64_t> cas;
  if (!version.empty()) {
    cas = parse_version(version, life_of_server_);
    if (!cas) return false;  // what had that version died with the server
  }
  const std::string head =
      format_store(name, static_cast<std::uint64_t>(life.count()), bytes.size(), cas);
  // Straight from the secret to the kernel; a shared cache is given sealed values (rule C7).
  auto sent = bytes.reveal([&](std::string_view value) { return send(head, value, line_end); });
  if (auto whole = closed_unless(std::move(sent)); !whole) return failure_of(std::move(whole));
  return closed_unless(reader_->read_stored());
}

Result<WallTime> MemcachedLine::time(Deadline deadline) {
  if (auto ready = prepare(deadline); !ready) return failure_of(std::move(ready));
  const auto stats = closed_unless(ask_stats());
  if (!stats) return fail(stats.error());
  constexpr std::int64_t time_s_max = 9'000'000'000;  // nanoseconds of it fit 64 bits
  if (!stats->time_s || *stats->time_s < 0 || *stats->time_s > time_s_max)
    return fail(Errc::malformed_response, "the server does not tell the time",
                "check that memcached listens at this address, and nothing in between");
  return WallTime(std::chrono::seconds(*stats->time_s));
}

void MemcachedLine::hurry_until(Deadline deadline) {
  deadline_ = deadline;
  late_room_.reset();
}

Result<void> MemcachedLine::prepare(Deadline deadline) {
  hurry_until(deadline);
  if (is_usable()) return {};
  return closed_unless(connect_anew());
}

/// Nothing has come that was not asked for, not even an end.
bool MemcachedLine::is_usable() const {
  if (!socket_ || reader_->has_leftover()) return false;
  char byte = 0;
  return recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

Result<void> MemcachedLine::connect_anew() {
  std::vector<SocketAddress> addresses;
  if (endpoint_.lookup) {
    auto found = endpoint_.lookup->fetch(deadline_);
    if (!found) return failure_of(std::move(found));
    addresses = std::move(*found);
  } else if (const auto address = address_of(endpoint_.path)) {
    addresses.push_back(*address);
  }
  Result<void> connected = fail(Errc::unreachable, "the path is too long for a UNIX socket",
                                "at most 107 bytes; use a shorter one");
  for (const auto& address : addresses) {
    connected = connect_to(address);
    if (connected || connected.error().code == Errc::timed_out) break;
  }
  if (!connected) return connected;
  ByteSource& source = *this;
  reader_.emplace(source);
  const auto stats = ask_stats();
  if (!stats) return fail(stats.error());
  const auto started = static_cast<std::uint64_t>(stats->time_s.value_or(0)) -
                       static_cast<std::uint64_t>(stats->uptime_s.value_or(0));
  life_of_server_ = std::to_string(stats->process.value_or(0)) + "." + std::to_string(started);
  return {};
}

Result<void> MemcachedLine::connect_to(const SocketAddress& address) {
  constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  socket_ = base::Descriptor();
  base::Descriptor made(::socket(address.bytes.ss_family, kind, 0));
  if (!made) return not_connected(errno);
  socket_ = std::move(made);
  if (address.bytes.ss_family != AF_UNIX) {
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (connect(socket_.get(), raw(address), address.size) == 0) return {};
  // A UNIX socket says EAGAIN when its queue of connections is full: nobody accepts them.
  if (errno != EINPROGRESS) return not_connected(errno);
  if (auto waited = wait_for(POLLOUT); !waited) return waited;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return not_connected(error);
  return {};
}

Result<MemcachedStats> MemcachedLine::ask_stats() {
  if (auto sent = send(stats_question, {}, {}); !sent) return failure_of(std::move(sent));
  return reader_->read_stats();
}

Result<void> MemcachedLine::send(std::string_view head, std::string_view value,
                                 std::string_view tail) {
  std::array<iovec, 3> pieces{piece(head), piece(value), piece(tail)};
  std::size_t left = head.size() + value.size() + tail.size();
  while (left > 0) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const auto sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return system_said(errno, "cannot send");
    if (sent < 0) {
      if (auto waited = wait_for(POLLOUT); !waited) return waited;
      continue;
    }
    auto count = static_cast<std::size_t>(sent);
    left -= count;
    for (auto& each : pieces) {
      const std::size_t taken = std::min(count, each.iov_len);
      each.iov_base = static_cast<char*>(each.iov_base) + taken;
      each.iov_len -= taken;
      count -= taken;
    }
  }
  return {};
}

std::size_t MemcachedLine::readable() {
  if (!deadline_.passed(clock_->now())) return std::numeric_limits<std::size_t>::max();
  if (!late_room_) {
    int arrived = 0;
    if (ioctl(socket_.get(), FIONREAD, &arrived) != 0) arrived = 0;
    late_room_ = static_cast<std::size_t>(std::max(arrived, 0));
  }
  return *late_room_;
}

/// An answer that is here is read before anything is waited for: its reader may come late only
/// because another server kept it.
Result<std::size_t> MemcachedLine::read_some(char* to, std::size_t room) {
  for (;;) {
    const std::size_t allowed = std::min(room, readable());
    if (allowed == 0) return too_late();
    const auto count = recv(socket_.get(), to, allowed, 0);
    if (count > 0) {
      const auto size = static_cast<std::size_t>(count);
      if (late_room_) *late_room_ -= std::min(size, *late_room_);
      return size;
    }
    if (count == 0) {
      return fail(Errc::unreachable, "the server hung up instead of answering",
                  "it may be at its limit of connections (-c)");
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return system_said(errno, "cannot receive");
    if (auto waited = wait_for(POLLIN); !waited) return failure_of(std::move(waited));
  }
}

Result<void> MemcachedLine::wait_for(short events) {
  pollfd waited{.fd = socket_.get(), .events = events, .revents = 0};
  for (;;) {
    const auto left = deadline_.left(clock_->now());
    if (left <= left.zero()) return too_late();
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec bound{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
    const int ready = ppoll(&waited, 1, &bound, nullptr);
    if (ready > 0) return {};
    if (ready == 0) return too_late();
    if (errno != EINTR) return system_said(errno, "cannot wait for the server");
  }
}

}  // namespace valetkey::cache
