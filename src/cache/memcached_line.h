// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection to one memcached, for one question at a time.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "cache/host_lookup.h"
#include "cache/memcached_wire.h"
#include "valetkey/error.h"
#include "valetkey/shared_store.h"
#include "valetkey/time.h"

namespace valetkey::cache {

/// Who listens where: at a UNIX socket when there is a path, else at a host and port.
struct MemcachedEndpoint {
  std::string path{};
  std::shared_ptr<HostLookup> lookup{};
};

/// Connects when it must: at first, after an error, and when the server has hung up meanwhile.
/// Every call leaves at its deadline, however the server dawdles; what has arrived by then is read.
class MemcachedLine final : private ByteSource {
 public:
  MemcachedLine(MemcachedEndpoint endpoint, std::shared_ptr<Clock> clock);
  MemcachedLine(const MemcachedLine&) = delete;
  MemcachedLine& operator=(const MemcachedLine&) = delete;
  ~MemcachedLine() override = default;

  /// Two halves, so that several servers can be asked before any is waited for. After the first
  /// has succeeded the second must follow.
  [[nodiscard]] Result<void> send_gets(const std::vector<std::string_view>& names,
                                       Deadline deadline);
  [[nodiscard]] Result<std::vector<std::optional<StoredValue>>> read_values(
      const std::vector<std::string_view>& names, Deadline deadline);

  [[nodiscard]] Result<bool> put(std::string_view name, const std::string& version,
                                 const Secret& bytes, std::chrono::seconds life, Deadline deadline);
  [[nodiscard]] Result<WallTime> time(Deadline deadline);

  /// It need not connect, unless the server has hung up meanwhile.
  [[nodiscard]] bool is_connected() const noexcept { return static_cast<bool>(socket_); }

 private:
  Result<std::size_t> read_some(char* to, std::size_t room) override;

  Result<void> prepare(Deadline deadline);
  Result<void> connect_anew();
  Result<void> connect_to(const SocketAddress& address);
  Result<MemcachedStats> ask_stats();
  Result<void> send(std::string_view head, std::string_view value, std::string_view tail);
  Result<void> wait_for(short events);
  void hurry_until(Deadline deadline);
  /// How many bytes may still be read: after the deadline no more than had come by then.
  std::size_t readable();
  bool is_usable() const;

  /// After an error nobody knows where the next answer begins.
  template <class T>
  Result<T> closed_unless(Result<T>&& result) {
    if (!result) socket_.reset();
    return std::move(result);
  }

  const MemcachedEndpoint endpoint_;
  const std::shared_ptr<Clock> clock_;
  Deadline deadline_{};                     ///< of the question in hand
  std::optional<std::size_t> late_room_{};  ///< what had come by the deadline and is not read yet
  base::Descriptor socket_{};
  std::optional<MemcachedReader> reader_{};
  /// Tells this life of the server from the ones before: memcached counts its versions from 1 again
  /// when it starts, so a version without it could fit a value that its holder has never seen.
  std::string life_of_server_{};
};

}  // namespace valetkey::cache
