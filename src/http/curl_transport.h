// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP over TCP, TLS, proxies and UNIX sockets, by libcurl.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "valetkey/http.h"

namespace valetkey::http {

struct CurlOptions {
  std::shared_ptr<Clock> clock{};
  std::chrono::milliseconds connect_timeout{10'000};
  std::string proxy{};    ///< empty: as https_proxy and its like say; "none": never one
  std::string ca_file{};  ///< PEM of roots trusted besides the system's
  std::string user_agent{};
  std::size_t idle_handles_max = 16;  ///< each keeps its connections open
};

/// Checks certificates always, follows no redirect, repeats no request, decompresses nothing.
/// Threads: any. Lifetime: no `send` may be running when it dies.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request, Deadline deadline) override;

  /// Every `send` in the air and every later one ends soon with cancelled. Does not wait for them.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace valetkey::http
