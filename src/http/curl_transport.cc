// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <curl/curl.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "http/curl_failure.h"
#include "http/curl_line.h"
#include "http/exchange.h"
#include "http/header_lines.h"
#include "http/origin.h"

namespace valetkey::http {
namespace {

using std::chrono::milliseconds;

// How long the injected clock may go unasked: it can run faster than the machine's.
constexpr milliseconds clock_check_interval{100};

void start_curl_once() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  VALETKEY_ASSERT(started);
}

long whole_milliseconds(std::chrono::nanoseconds span) {
  constexpr milliseconds longest{std::numeric_limits<int>::max()};
  return static_cast<long>(
      std::clamp(std::chrono::ceil<milliseconds>(span), milliseconds(1), longest).count());
}

Result<void> check_request(const HttpRequest& request) {
  auto checked = check_upstream_url(request.url);
  // Nothing on a UNIX socket leaves the machine, whatever host the URL names.
  const bool stays_here = !request.unix_socket.empty();
  if (!checked && !(stays_here && checked.error().code == Errc::denied_by_policy)) return checked;
  if (request.unix_socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::misconfigured, "the UNIX socket's path is longer than 107 bytes");
  }
  const auto& method = request.method;
  const bool sound = !method.empty() && method.size() <= 32 &&
                     std::all_of(method.begin(), method.end(),
                                 [](char letter) { return letter >= 'A' && letter <= 'Z'; });
  if (!sound) return fail(Errc::invalid_argument, "the request's method is malformed");
  return {};
}

Failure timed_out(const std::string& origin) {
  return fail(Errc::timed_out, origin + ": no whole answer before the deadline");
}

}  // namespace

struct CurlTransport::Impl {
  const CurlOptions options;
  CurlLines lines;
  std::atomic<bool> stopping{false};

  explicit Impl(CurlOptions given) : options(std::move(given)), lines(options.idle_handles_max) {}

  void set_options(CURL* easy, const HttpRequest& request, std::chrono::nanoseconds left) const;
  void set_route(CURL* easy, const HttpRequest& request) const;
  bool gave_up_connecting(CURL* easy, std::chrono::nanoseconds left) const;
  Result<CURLcode> run(const CurlLine& line, Deadline deadline, const std::string& origin) const;
  Result<HttpResponse> exchange(const CurlLine& line, const HttpRequest& request,
                                Deadline deadline) const;
};

void CurlTransport::Impl::set_options(CURL* easy, const HttpRequest& request,
                                      std::chrono::nanoseconds left) const {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // Rule S5: redirects are answers like others, and whoever asked judges them.
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  // Rule S4: spelt out, although curl's defaults say the same. No option reaches these lines.
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, whole_milliseconds(left));
  curl_easy_setopt(
      easy, CURLOPT_CONNECTTIMEOUT_MS,
      whole_milliseconds(std::min<std::chrono::nanoseconds>(left, options.connect_timeout)));
  // A resolver that hangs is left behind; waiting for it would outlast the deadline (rule F1).
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  if (!options.user_agent.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  }
  // The system's roots stay trusted through curl's CAPATH, which is left as it was built in.
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  set_route(easy, request);
}

void CurlTransport::Impl::set_route(CURL* easy, const HttpRequest& request) const {
  if (!request.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  // Rule S4: what is meant for this machine must not leave it by way of a proxy.
  if (!request.unix_socket.empty() || names_loopback(request.url) || options.proxy == "none") {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  } else if (!options.proxy.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  }
}

/// curl says the same of the whole time and of connecting alone, which may have less.
bool CurlTransport::Impl::gave_up_connecting(CURL* easy, std::chrono::nanoseconds left) const {
  curl_off_t connected_after = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected_after);
  return connected_after == 0 && options.connect_timeout < left;
}

/// Drives the transfer to its end, the deadline or `stop`, whichever is first.
Result<CURLcode> CurlTransport::Impl::run(const CurlLine& line, Deadline deadline,
                                          const std::string& origin) const {
  CURLM* const multi = line.multi.get();
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK)
      return fail(Errc::exhausted, "out of memory");
    if (running == 0) break;
    if (stopping.load(std::memory_order_acquire)) {
      return fail(Errc::cancelled, origin + ": shutting down");
    }
    const auto left = deadline.left(options.clock->now());
    if (left == std::chrono::nanoseconds::zero()) return timed_out(origin);
    const auto pause = std::min<std::chrono::nanoseconds>(left, clock_check_interval);
    if (curl_multi_poll(multi, nullptr, 0, static_cast<int>(whole_milliseconds(pause)), nullptr) !=
        CURLM_OK) {
      return fail(Errc::exhausted, "out of memory");
    }
  }
  int waiting = 0;
  const CURLMsg* const message = curl_multi_info_read(multi, &waiting);
  VALETKEY_ASSERT(message != nullptr && message->msg == CURLMSG_DONE);
  return message->data.result;
}

Result<HttpResponse> CurlTransport::Impl::exchange(const CurlLine& line, const HttpRequest& request,
                                                   Deadline deadline) const {
  const std::string origin = origin_of(request.url);
  auto headers = HeaderLines::make(request);
  if (!headers) return failure_of(std::move(headers));
  Exchange exchange(request, *options.clock);
  auto opened = exchange.open_body();
  if (!opened) return failure_of(std::move(opened));

  CURL* const easy = line.easy.get();
  const auto left = deadline.left(options.clock->now());
  if (left == std::chrono::nanoseconds::zero()) return timed_out(origin);
  set_options(easy, request, left);
  exchange.set_options(easy);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers->list());

  exchange.mark_sent();
  if (curl_multi_add_handle(line.multi.get(), easy) != CURLM_OK) {
    return fail(Errc::exhausted, "out of memory");
  }
  auto outcome = run(line, deadline, origin);
  curl_multi_remove_handle(line.multi.get(), easy);

  if (!outcome) return failure_of(std::move(outcome));
  if (*outcome == CURLE_OK) return exchange.take_response();
  if (exchange.stopped()) return fail(*exchange.stopped());
  if (*outcome == CURLE_OPERATION_TIMEDOUT && !gave_up_connecting(easy, left)) {
    return timed_out(origin);
  }
  return fail(explain_failure(easy, *outcome, origin));
}

CurlTransport::CurlTransport(CurlOptions options) {
  start_curl_once();
  VALETKEY_ASSERT(options.clock != nullptr);
  impl_ = std::make_unique<Impl>(std::move(options));
}

CurlTransport::~CurlTransport() = default;

Result<HttpResponse> CurlTransport::send(const HttpRequest& request, Deadline deadline) {
  auto checked = check_request(request);
  if (!checked) return failure_of(std::move(checked));
  CurlLine line = impl_->lines.take();
  if (!line.usable()) return fail(Errc::exhausted, "curl cannot start: out of memory");
  // Only now, because from here on `stop` knows of us.
  auto response = impl_->stopping.load(std::memory_order_acquire)
                      ? Result<HttpResponse>(fail(Errc::cancelled, "shutting down"))
                      : impl_->exchange(line, request, deadline);
  impl_->lines.give_back(std::move(line));
  return response;
}

void CurlTransport::stop() {
  impl_->stopping.store(true, std::memory_order_release);
  impl_->lines.wake_all();
}

}  // namespace valetkey::http
