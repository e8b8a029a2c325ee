// SPDX-License-Identifier: Apache-2.0
#pragma once
// memcached and redis-server as the tests find them: real processes, that die with their test.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "support/temp_directory.h"

namespace valetkey::support {

/// A server on a free port of 127.0.0.1 or on a socket in a directory of its own. It answers when
/// the constructor, `restart` and `resume` have returned.
///
/// The kernel kills the server when the thread that started it ends, so start it on a thread that
/// lasts as long as it is wanted.
class RealServer {
 public:
  enum class Kind : std::uint8_t { memcached, redis };
  enum class Listens : std::uint8_t { port, unix_socket };

  /// `arguments`: further ones, such as {"-I", "4m"} or {"--requirepass", "…"}.
  explicit RealServer(Kind kind, Listens listens = Listens::port,
                      std::vector<std::string> arguments = {});
  ~RealServer();
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  std::uint16_t port() const { return port_; }                     ///< 0 on a socket
  const std::string& socket_path() const { return socket_path_; }  ///< empty on a port
  pid_t process() const { return process_; }

  void kill();     ///< SIGKILL; the port or socket stays this server's
  void restart();  ///< after `kill`: the same port or socket, nothing remembered
  void stop();     ///< SIGSTOP: connections are accepted by the kernel, nobody answers
  void resume();   ///< SIGCONT

  /// Sends bytes over a connection of its own and returns the first bytes that come back; empty
  /// when none do. For what the store under test has no word for.
  std::string ask(std::string_view request) const;
  /// What it has written on its standard output and error since its last start.
  std::string output() const;
  /// Forgets every value, as an operator or an eviction does.
  void flush();

 private:
  std::vector<std::string> command_line() const;
  void spawn();
  bool answers_soon();
  bool ended();

  const Kind kind_;
  const std::vector<std::string> arguments_;
  const TempDirectory directory_;
  std::uint16_t port_ = 0;
  std::string socket_path_;
  pid_t process_ = -1;
};

/// A port of 127.0.0.1 where nobody listens just now.
std::uint16_t free_port();
/// A connection to 127.0.0.1, or to the socket when there is a path; none when refused.
base::Descriptor connect_to(std::uint16_t port, const std::string& socket_path = {});

}  // namespace valetkey::support
