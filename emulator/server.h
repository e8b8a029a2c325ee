// SPDX-License-Identifier: Apache-2.0
#pragma once
// Serves HTTP/1.1 on one thread; the only part of the emulator that knows sockets.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "emulator/message.h"
#include "valetkey/error.h"

namespace valetkey::emulator {

inline constexpr std::size_t connections_max = 1'000;
inline constexpr std::size_t head_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t body_bytes_max = std::size_t{1024} * 1024;
inline constexpr std::size_t upload_bytes_max = std::size_t{128} * 1024 * 1024;
/// All bodies that are on their way in, together.
inline constexpr std::size_t incoming_bytes_max = std::size_t{512} * 1024 * 1024;
inline constexpr std::chrono::seconds idle_max{75};
inline constexpr std::chrono::seconds stall_max{30};  ///< in the midst of a message

/// What the server asks for each request, on its own thread.
class Service {
 public:
  virtual ~Service() = default;
  /// Counts the request and says how its reply is to travel.
  [[nodiscard]] virtual Delivery plan(const Request& request) = 0;
  /// The reply, whole, with Date and all.
  [[nodiscard]] virtual Reply handle(const Request& request, const Delivery& delivery) = 0;
};

class Server final {
 public:
  /// Listens at once; serves from `run` on. Errors: invalid_argument, exhausted.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(const std::string& address);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// "127.0.0.1:40123"
  [[nodiscard]] const std::string& address() const;
  /// Starts the thread. `service` outlives the server.
  void run(Service& service);
  /// Runs `task` on the server's thread and waits for its end. Precondition: `run` was called.
  void perform(const std::function<void()>& task);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace valetkey::emulator
