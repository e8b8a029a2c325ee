// SPDX-License-Identifier: Apache-2.0
#include "support/chaos_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "support/real_server.h"

namespace valetkey::support {
namespace {

constexpr long tick_ns = 50'000'000;

/// Everything that is there to be read now; false when the other side is gone.
bool read_all(int fd, std::string& into) {
  std::array<char, 16384> block{};
  const auto count = ::recv(fd, block.data(), block.size(), MSG_DONTWAIT);
  if (count <= 0) return false;
  into.assign(block.data(), static_cast<std::size_t>(count));
  return true;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void drain(int fd) {
  std::uint64_t count = 0;
  const auto ignored = ::read(fd, &count, sizeof count);
  static_cast<void>(ignored);
}

}  // namespace

ChaosProxy::ChaosProxy(std::uint16_t port, std::string socket_path)
    : server_port_(port),
      socket_path_(std::move(socket_path)),
      listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      ticks_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = static_cast<sockaddr*>(static_cast<void*>(&address));
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listening_.get(), raw, size), 0);
  EXPECT_EQ(::getsockname(listening_.get(), raw, &size), 0);
  EXPECT_EQ(::listen(listening_.get(), 128), 0);
  port_ = ntohs(address.sin_port);
  const itimerspec every{.it_interval = {.tv_sec = 0, .tv_nsec = tick_ns},
                         .it_value = {.tv_sec = 0, .tv_nsec = tick_ns}};
  ::timerfd_settime(ticks_.get(), 0, &every, nullptr);
  thread_ = std::thread([this] { run(); });
}

ChaosProxy::~ChaosProxy() {
  ending_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void ChaosProxy::set_rubbish(std::string rubbish) {
  const std::lock_guard lock(mutex_);
  rubbish_ = std::move(rubbish);
}

void ChaosProxy::cut() {
  cutting_ = true;
  ::eventfd_write(wake_.get(), 1);
}

std::string ChaosProxy::said_to_server() const {
  const std::lock_guard lock(mutex_);
  return to_server_;
}

std::string ChaosProxy::said_to_clients() const {
  const std::lock_guard lock(mutex_);
  return to_clients_;
}

void ChaosProxy::run() {
  while (!ending_) {
    std::vector<pollfd> watched{
        {wake_.get(), POLLIN, 0}, {ticks_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
    for (const auto& connection : connections_) {
      watched.push_back({connection.client.get(), POLLIN, 0});
      watched.push_back({connection.server.get(), POLLIN, 0});  // -1 is passed over
    }
    ::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) drain(wake_.get());
    const bool is_tick = watched[1].revents != 0;
    if (is_tick) drain(ticks_.get());
    std::size_t at = 3;
    for (auto each = connections_.begin(); each != connections_.end(); at += 2) {
      bool is_open = true;
      if (watched[at].revents != 0) is_open = hear_client(*each);
      if (is_open && watched[at + 1].revents != 0) is_open = hear_server(*each);
      if (is_open && is_tick) is_open = let_one_byte_through(*each);
      each = is_open ? std::next(each) : connections_.erase(each);
    }
    if (cutting_.exchange(false)) connections_.clear();
    if (watched[2].revents != 0) accept_one();
  }
}

void ChaosProxy::accept_one() {
  Connection made;
  made.client = base::Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const Mode mode = mode_;
  if (mode == Mode::close) return;
  if (mode == Mode::pass || mode == Mode::trickle) {
    made.server = connect_to(server_port_, socket_path_);
    if (!made.server) return;
  }
  connections_.push_back(std::move(made));
}

bool ChaosProxy::hear_client(Connection& connection) {
  std::string bytes;
  if (!read_all(connection.client.get(), bytes)) return false;
  const Mode mode = mode_;
  std::string rubbish;
  {
    const std::lock_guard lock(mutex_);
    to_server_ += bytes;
    rubbish = rubbish_;
  }
  switch (mode) {
    case Mode::close:
      return false;
    case Mode::silent:
      return true;
    case Mode::garbage:
      return tell_client(connection, rubbish);
    case Mode::pass:
    case Mode::trickle:
      // A connection that began without a server cannot be given one in the middle.
      return connection.server && write_all(connection.server.get(), bytes);
  }
  return false;
}

bool ChaosProxy::hear_server(Connection& connection) {
  std::string bytes;
  if (!read_all(connection.server.get(), bytes)) return false;
  switch (mode_.load()) {
    case Mode::close:
      return false;
    case Mode::silent:
    case Mode::garbage:
      return true;
    case Mode::trickle:
      connection.held_back += bytes;
      return true;
    case Mode::pass:
      return tell_client(connection, std::exchange(connection.held_back, {}) + bytes);
  }
  return false;
}

bool ChaosProxy::let_one_byte_through(Connection& connection) {
  if (connection.held_back.empty()) return true;
  const std::string first = connection.held_back.substr(0, 1);
  connection.held_back.erase(0, 1);
  return tell_client(connection, first);
}

bool ChaosProxy::tell_client(Connection& connection, std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    to_clients_ += bytes;
  }
  return write_all(connection.client.get(), bytes);
}

}  // namespace valetkey::support
