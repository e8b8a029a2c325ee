// SPDX-License-Identifier: Apache-2.0
#pragma once
// One request and its answer, as curl calls back for them.

#include <curl/curl.h>

#include <optional>
#include <string_view>

#include "http/answer_file.h"
#include "valetkey/http.h"

namespace valetkey::http {

class Exchange {
 public:
  Exchange(const HttpRequest& request, const Clock& clock) : request_(request), clock_(clock) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Errors: invalid_argument, exhausted.
  [[nodiscard]] Result<void> open_body();

  /// Tells curl how to send the body and where to hand the answer. Lifetime: outlives the transfer.
  void set_options(CURL* easy);

  void mark_sent() { response_.requested_at = clock_.now(); }

  /// Why a callback stopped the transfer, if one did.
  [[nodiscard]] const std::optional<Error>& stopped() const noexcept { return stopped_; }

  /// Precondition: curl has said that all is there.
  [[nodiscard]] Result<HttpResponse> take_response();

 private:
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);

  bool has_body() const;
  std::size_t read_body(char* to, std::size_t room);
  bool take_header_line(std::string_view line);
  bool take_status_line(std::string_view line);
  bool take_body(std::string_view bytes);
  curl_socket_t open_socket(const curl_sockaddr& address);
  bool stop(Failure&& why);

  const HttpRequest& request_;
  const Clock& clock_;
  HttpResponse response_{};
  SecretBuilder body_{};
  std::optional<AnswerFile> answer_file_{};
  std::optional<Error> stopped_{};
  int body_fd_ = -1;
  curl_off_t body_bytes_ = 0;
  std::size_t body_sent_ = 0;
  std::size_t header_bytes_ = 0;
  bool head_done_ = false;
  bool loopback_only_ = false;
};

}  // namespace valetkey::http
