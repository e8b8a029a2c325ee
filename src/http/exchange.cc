// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/origin.h"

namespace valetkey::http {
namespace {

bool is_loopback(const curl_sockaddr& address) {
  if (address.family == AF_INET) {
    sockaddr_in inet{};
    std::memcpy(&inet, &address.addr, sizeof inet);
    return ntohl(inet.sin_addr.s_addr) >> 24U == 127;
  }
  if (address.family == AF_INET6 && address.addrlen >= sizeof(sockaddr_in6)) {
    // curl's struct is as large as the address it carries, beyond its declared sockaddr.
    const void* const raw = &address.addr;
    return IN6_IS_ADDR_LOOPBACK(&static_cast<const sockaddr_in6*>(raw)->sin6_addr);
  }
  return false;
}

}  // namespace

Exchange::~Exchange() {
  if (body_fd_ >= 0) close(body_fd_);
}

bool Exchange::stop(Failure&& why) {
  Result<void> failed{std::move(why)};
  stopped_ = std::move(failed).error();
  return false;
}

Result<void> Exchange::open_body() {
  body_bytes_ = static_cast<curl_off_t>(request_.body.size());
  if (!request_.body_file) return {};
  const std::string what = "cannot read the body file " + request_.body_file->path;
  body_fd_ = open(request_.body_file->path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (body_fd_ < 0) return base::system_failure(errno, Errc::invalid_argument, what);
  struct stat seen {};
  if (fstat(body_fd_, &seen) != 0 || !S_ISREG(seen.st_mode)) {
    return fail(Errc::invalid_argument, what + ": not a regular file");
  }
  body_bytes_ = seen.st_size;
  return {};
}

bool Exchange::has_body() const {
  const auto& method = request_.method;
  // RFC 9110 §8.6: these give content a meaning, so an empty one is announced too.
  return body_bytes_ != 0 || request_.body_file || method == "POST" || method == "PUT" ||
         method == "PATCH";
}

void Exchange::set_options(CURL* easy) {
  loopback_only_ =
      request_.unix_socket.empty() && base::equal_ignoring_case(request_.url.substr(0, 5), "http:");
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (has_body()) {
    // Read by callback and without a way to rewind: curl then never repeats a request by itself,
    // when a kept connection dies under it (RFC 9110 §9.2.2). A one-use refresh token would be
    // lost.
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, body_bytes_);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Exchange::on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
  }
  if (request_.method != "HEAD") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  // Without a body there is nothing to rewind, and curl would repeat: it does so on kept
  // connections alone.
  const bool is_safe = request_.method == "GET" || request_.method == "HEAD";
  if (!is_safe && body_bytes_ == 0) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
}

std::size_t Exchange::on_read(char* to, std::size_t size, std::size_t count, void* self) {
  return static_cast<Exchange*>(self)->read_body(to, size * count);
}

std::size_t Exchange::read_body(char* to, std::size_t room) {
  const auto left = static_cast<std::size_t>(body_bytes_) - body_sent_;
  const std::size_t wanted = std::min(room, left);
  if (body_fd_ < 0) {
    request_.body.reveal(
        [&](std::string_view body) { std::copy_n(body.data() + body_sent_, wanted, to); });
    body_sent_ += wanted;
    return wanted;
  }
  const ssize_t got = read(body_fd_, to, wanted);
  if (got < 0 || (got == 0 && wanted != 0)) {
    stop(fail(Errc::invalid_argument,
              "the body file " + request_.body_file->path + " became shorter while it was sent"));
    return CURL_READFUNC_ABORT;
  }
  body_sent_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(data, size * count);
  return static_cast<Exchange*>(self)->take_header_line(line) ? line.size() : 0;
}

bool Exchange::take_header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > base::header_bytes_max) {
    return stop(fail(Errc::malformed_response, "the answer's header is larger than 64 KiB"));
  }
  // RFC 9110 §6.5: what follows the body is a trailer, whatever it looks like, and is dropped.
  if (head_done_ && response_.status >= 200) return true;
  if (line.starts_with("HTTP/")) return take_status_line(line);
  if (head_done_) return true;
  const auto text = base::trimmed(line);
  if (text.empty()) {
    head_done_ = true;
    return true;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return true;  // folded lines, RFC 9112 §5.2: curl joins them
  response_.headers.push_back(HttpHeader{std::string(text.substr(0, colon)),
                                         std::string(base::trimmed(text.substr(colon + 1)))});
  return true;
}

/// RFC 9110 §15.2: any number of 1xx heads may come first; the last head is the answer's.
bool Exchange::take_status_line(std::string_view line) {
  response_.headers.clear();
  response_.answered_at_wall = clock_.wall_now();
  head_done_ = false;
  const auto space = std::min(line.find(' '), line.size());
  const auto status =
      base::parse_number<int>(line.substr(std::min(space + 1, line.size())).substr(0, 3));
  if (!status || *status < 100) {
    return stop(fail(Errc::malformed_response, "the answer's status line is malformed"));
  }
  response_.status = *status;
  return true;
}

std::size_t Exchange::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view bytes(data, size * count);
  return static_cast<Exchange*>(self)->take_body(bytes) ? bytes.size() : 0;
}

bool Exchange::take_body(std::string_view bytes) {
  const bool succeeded = response_.status >= 200 && response_.status <= 299;
  if (request_.answer_file && succeeded) {
    if (!answer_file_) answer_file_.emplace(request_.answer_file->path);
    auto written = answer_file_->write(bytes);
    return written ? true : stop(failure_of(std::move(written)));
  }
  if (bytes.size() > request_.answer_bytes_max - body_.size()) {
    return stop(
        fail(Errc::malformed_response,
             "the answer is larger than " + std::to_string(request_.answer_bytes_max) + " bytes"));
  }
  body_.append(bytes);
  return true;
}

curl_socket_t Exchange::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  return static_cast<Exchange*>(self)->open_socket(*address);
}

curl_socket_t Exchange::open_socket(const curl_sockaddr& address) {
  // SECURITY: a name such as localhost is trusted with plain http by its address, not its spelling.
  if (loopback_only_ && !is_loopback(address)) {
    stop(fail(
        Errc::denied_by_policy,
        origin_of(request_.url) + " is not a loopback address, and plain http goes nowhere else",
        "check the host's entry in /etc/hosts, or write https://"));
    return CURL_SOCKET_BAD;
  }
  const int fd = socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
    stop(base::system_failure(errno, Errc::exhausted,
                              "cannot open a connection to " + origin_of(request_.url)));
  }
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

Result<HttpResponse> Exchange::take_response() {
  const bool succeeded = response_.status >= 200 && response_.status <= 299;
  if (request_.answer_file && succeeded) {
    if (!answer_file_) answer_file_.emplace(request_.answer_file->path);
    auto finished = answer_file_->finish();
    if (!finished) return failure_of(std::move(finished));
  }
  response_.body = body_.take();
  return std::move(response_);
}

}  // namespace valetkey::http
