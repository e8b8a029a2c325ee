// SPDX-License-Identifier: Apache-2.0
#pragma once
// A TCP proxy in front of a server, that listens in on it and misbehaves when told to.

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/descriptor.h"

namespace valetkey::support {

/// Threads: any.
class ChaosProxy {
 public:
  enum class Mode : std::uint8_t {
    pass,     ///< hands on what comes, both ways
    trickle,  ///< hands the server's answers on a byte at a time, twenty a second
    silent,   ///< accepts and listens, never answers
    garbage,  ///< answers whatever is said with `rubbish`, which the server never sees
    close,    ///< accepts and closes
  };

  /// In front of the server at 127.0.0.1:`port`, or at the socket when there is a path.
  explicit ChaosProxy(std::uint16_t port, std::string socket_path = {});
  ~ChaosProxy();
  ChaosProxy(const ChaosProxy&) = delete;
  ChaosProxy& operator=(const ChaosProxy&) = delete;

  std::uint16_t port() const { return port_; }

  /// Holds for open connections as well, from their next byte on.
  void set_mode(Mode mode) { mode_ = mode; }
  void set_rubbish(std::string rubbish);
  /// Ends every open connection.
  void cut();

  /// Everything that clients said and were told, over all connections.
  std::string said_to_server() const;
  std::string said_to_clients() const;

 private:
  struct Connection {
    base::Descriptor client{};
    base::Descriptor server{};
    std::string held_back{};  ///< of the server's answer, while it trickles
  };

  void run();
  void accept_one();
  bool hear_client(Connection& connection);
  bool hear_server(Connection& connection);
  bool let_one_byte_through(Connection& connection);
  bool tell_client(Connection& connection, std::string_view bytes);

  const std::uint16_t server_port_;
  const std::string socket_path_;
  std::uint16_t port_ = 0;
  base::Descriptor listening_;
  base::Descriptor wake_;
  base::Descriptor ticks_;
  std::atomic<Mode> mode_{Mode::pass};
  std::atomic<bool> cutting_{false};
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;  // guards the three strings
  std::string rubbish_{"\x01\xff rubbish \r\n$-7\r\n%%%\r\n"};
  std::string to_server_;
  std::string to_clients_;
  std::list<Connection> connections_;  // the thread's own
  std::thread thread_;
};

}  // namespace valetkey::support
