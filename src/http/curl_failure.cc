// SPDX-License-Identifier: Apache-2.0
#include "http/curl_failure.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "http/answer_file.h"

namespace valetkey::http {
namespace {

/// Resolvers and TLS libraries lose the errno on the way; asking again brings it back.
std::optional<int> shortage_of_descriptors() {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    return std::nullopt;
  }
  const int error = errno;
  return error == EMFILE || error == ENFILE ? std::optional(error) : std::nullopt;
}

/// OpenSSL's X509_V_ERR_* numbers, as openssl-verify(1) lists them.
std::string certificate_words(long verdict) {
  switch (verdict) {
    case 0:
    case 1:  // OpenSSL was content, and curl then compared the names
    case 62:
    case 64:
      return "its certificate is for another host name";
    case 9:
      return "its certificate is not valid yet";
    case 10:
      return "its certificate has expired";
    case 2:
    case 18:
    case 19:
    case 20:
    case 21:
      return "its certificate is not signed by a trusted authority";
    case 23:
      return "its certificate has been revoked";
    default:
      return "its certificate is refused (OpenSSL's reason " + std::to_string(verdict) + ")";
  }
}

Error refused_certificate(CURL* easy, const std::string& origin) {
  long verdict = 0;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  return {.code = Errc::unreachable,
          .context = origin + ": TLS: " + certificate_words(verdict),
          .hint = "a private authority's root goes into ca_file; checks cannot be turned off"};
}

std::string connect_words(CURL* easy) {
  long error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  if (error == 0) return "cannot connect";
  return "cannot connect: " + std::generic_category().message(static_cast<int>(error));
}

std::string proxy_words(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status < 300) return {};
  return "the proxy answers " + std::to_string(status);
}

std::string hint_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
      return "check the address, the network and whether a proxy is needed; is the server running?";
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return "check the proxy: [http] proxy, or https_proxy in the environment";
    default:
      return "try again; if it stays so, something between here and there closes connections";
  }
}

std::string words_of(CURL* easy, CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host name cannot be resolved";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the proxy's host name cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      return connect_words(easy);
    case CURLE_PROXY:
      return "the proxy refuses the connection";
    case CURLE_OPERATION_TIMEDOUT:
      return "connecting took too long";
    case CURLE_SSL_CONNECT_ERROR:
      return "the TLS handshake failed";
    case CURLE_GOT_NOTHING:
      return "the connection was closed without an answer";
    case CURLE_PARTIAL_FILE:
      return "the connection was closed in the middle of the answer";
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_SEND_ERROR:
      return "the connection broke while the request was sent";
    case CURLE_RECV_ERROR: {
      const auto proxy = proxy_words(easy);
      return proxy.empty() ? "the connection was reset" : proxy;
    }
    default:
      return "curl says: " + std::string(curl_easy_strerror(code));
  }
}

}  // namespace

Error explain_failure(CURL* easy, CURLcode code, const std::string& origin) {
  if (const auto shortage = shortage_of_descriptors()) {
    Result<void> failed{
        base::system_failure(*shortage, Errc::exhausted, "cannot open a connection to " + origin)};
    return std::move(failed).error();
  }
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return refused_certificate(easy, origin);
    case CURLE_SSL_CACERT_BADFILE:
      return {.code = Errc::misconfigured,
              .context = "ca_file cannot be read or holds no PEM certificate",
              .hint = "name a readable file of PEM certificates"};
    case CURLE_OUT_OF_MEMORY:  // what one header line of 100 KiB is to curl; real want ends us
      return {.code = Errc::malformed_response,
              .context = origin + ": the answer's header is larger than 64 KiB"};
    case CURLE_URL_MALFORMAT:
      return {.code = Errc::invalid_argument, .context = "the URL cannot be understood"};
    case CURLE_UNSUPPORTED_PROTOCOL:  // what an answer without a status line looks like to curl
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR:
      return {.code = Errc::malformed_response, .context = origin + ": the answer is not HTTP"};
    default:
      return {.code = Errc::unreachable,
              .context = origin + ": " + words_of(easy, code),
              .hint = hint_for(code)};
  }
}

}  // namespace valetkey::http
