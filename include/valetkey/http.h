// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP messages as values, and the one function that exchanges them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey {

struct HttpHeader {
  std::string name{};
  std::string value{};

  bool operator==(const HttpHeader&) const = default;
};

/// A file that is the request body, or the place of the response body.
struct BodyFile {
  std::string path{};
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};                     ///< absolute; https, or http to a loopback address (S4)
  std::vector<HttpHeader> headers{};     ///< nothing secret in here
  Secret authorization{};                ///< the whole value of the Authorization header
  Secret body{};
  std::optional<BodyFile> body_file{};   ///< streamed instead of `body`
  std::optional<BodyFile> answer_file{}; ///< a 2xx answer's body is streamed there, mode 0600
  std::size_t answer_bytes_max = 1024 * 1024;  ///< more than this in memory is an error
  std::string unix_socket{};             ///< connect there instead of to the URL's host
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers{};
  Secret body{};                         ///< may hold a token, so it is kept like one
  Instant requested_at{};                ///< when the request was sent
  WallTime answered_at_wall{};           ///< our wall clock when the head of the answer was there
};

/// First header of that name, compared without case.
[[nodiscard]] std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers,
                                                          std::string_view name);

/// Exchanges one request for one response. Follows no redirect, retries nothing.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Errors: unreachable (its context says why), timed_out, malformed_response (also when the
  /// answer is larger than allowed), denied_by_policy (a plain-HTTP URL that is not loopback),
  /// exhausted (out of descriptors or disk), cancelled.
  /// Blocks: one round trip, at most until the deadline. Threads: any.
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request,
                                                  Deadline deadline) = 0;
};

}  // namespace valetkey
