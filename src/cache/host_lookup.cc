// SPDX-License-Identifier: Apache-2.0
#include "cache/host_lookup.h"

#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace valetkey::cache {
namespace {

using Addresses = Result<std::vector<SocketAddress>>;

Addresses look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &list); error != 0) {
    return fail(Errc::unreachable,
                std::string("the host's name is not known: ") + gai_strerror(error),
                "check the name in the configuration, and the machine's DNS");
  }
  std::vector<SocketAddress> found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.bytes, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    found.push_back(address);
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace

struct HostLookup::State {
  const std::string host;
  const std::string port;
  std::mutex mutex{};  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable ended{};
  bool running = false;
  std::size_t answers = 0;
  std::optional<Addresses> last{};
};

HostLookup::HostLookup(std::string host, std::uint16_t port, std::shared_ptr<Clock> clock)
    : state_(std::make_shared<State>(std::move(host), std::to_string(port))),
      clock_(std::move(clock)) {}

HostLookup::~HostLookup() = default;

Result<std::vector<SocketAddress>> HostLookup::fetch(Deadline deadline) {
  if (auto numeric = look_up(state_->host, state_->port, AI_NUMERICHOST)) return numeric;
  std::unique_lock lock(state_->mutex);
  if (!state_->running) {
    try {
      // Detached, because getaddrinfo cannot be interrupted: one thread a server at the most, that
      // ends by itself and touches nothing but the state that it shares.
      std::thread([state = state_] {
        auto found = look_up(state->host, state->port, 0);
        const std::lock_guard inner(state->mutex);
        state->last = std::move(found);
        state->running = false;
        ++state->answers;
        state->ended.notify_all();
      }).detach();
    } catch (const std::system_error&) {
      return fail(Errc::exhausted, "no thread is left to look the host's name up",
                  "raise the limit of processes (ulimit -u; systemd: TasksMax=)");
    }
    state_->running = true;
  }
  const std::size_t before = state_->answers;
  while (state_->answers == before) {
    if (deadline.passed(clock_->now()))
      return fail(Errc::timed_out, "the host's name was not looked up in time",
                  "look at the machine's DNS, or give the server by its address");
    clock_->wait(state_->ended, lock, deadline.at);
  }
  return *state_->last;
}

}  // namespace valetkey::cache
