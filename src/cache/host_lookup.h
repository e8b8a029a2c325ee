// SPDX-License-Identifier: Apache-2.0
#pragma once
// The addresses behind a host's name, for whoever cannot wait as long as a resolver may take.

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/time.h"

namespace valetkey::cache {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// Names are looked up anew for each connection, because a service may move. Threads: any.
class HostLookup {
 public:
  HostLookup(std::string host, std::uint16_t port, std::shared_ptr<Clock> clock);
  ~HostLookup();
  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;

  /// Errors: unreachable, timed_out. Blocks: for a name, until the deadline; for an address, not.
  [[nodiscard]] Result<std::vector<SocketAddress>> fetch(Deadline deadline);

 private:
  struct State;
  const std::shared_ptr<State> state_;  // shared with the thread that waits for the resolver
  const std::shared_ptr<Clock> clock_;
};

}  // namespace valetkey::cache
