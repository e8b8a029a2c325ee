// SPDX-License-Identifier: Apache-2.0
#include "http/origin.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "base/text.h"

namespace valetkey::http {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using UrlPtr = std::unique_ptr<CURLU, UrlDeleter>;

UrlPtr parse_url(std::string_view text) {
  if (text.size() > base::request_url_bytes_max || text.contains('\0')) return nullptr;
  UrlPtr url(curl_url());
  const std::string ended(text);
  if (curl_url_set(url.get(), CURLUPART_URL, ended.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return nullptr;
  }
  return url;
}

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), base::to_lower);
  return text;
}

struct Origin {
  std::string scheme;
  std::string host;  ///< lower case; IPv6 in brackets
  std::string port;

  bool operator==(const Origin&) const = default;
};

Origin origin_in(CURLU* url) {
  return {lower(part_of(url, CURLUPART_SCHEME).value_or("")),
          lower(part_of(url, CURLUPART_HOST).value_or("")),
          part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("")};
}

std::string text_of(const Origin& origin) {
  return base::printable(origin.scheme + "://" + origin.host + ":" + origin.port);
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  // curl has already turned every other spelling of an IPv4 address into four decimals.
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24U == 127;
}

/// curl also takes one slash or three after the scheme; we take the two of RFC 3986 §3.
bool has_authority(std::string_view url) {
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return false;
  const auto rest = url.substr(colon);
  return rest.starts_with("://") && !rest.starts_with(":///");
}

Result<void> check_parsed(CURLU* url) {
  const Origin origin = origin_in(url);
  if (part_of(url, CURLUPART_USER) || part_of(url, CURLUPART_PASSWORD)) {
    return fail(Errc::misconfigured, "the URL holds a user name or password",
                "take it out of the URL and name the secret's source instead");
  }
  if (origin.host.empty()) return fail(Errc::misconfigured, "the URL has no host");
  if (origin.scheme == "https") return {};
  if (origin.scheme != "http") {
    return fail(Errc::misconfigured, "the URL's scheme is neither https nor http",
                "write https://...");
  }
  if (is_loopback(origin.host)) return {};
  return fail(Errc::denied_by_policy, text_of(origin) + " is plain http to another machine",
              "write https://; plain http is for 127.0.0.1, [::1] and localhost alone");
}

}  // namespace

Result<void> check_upstream_url(std::string_view url) {
  if (url.size() > base::request_url_bytes_max) {
    return fail(Errc::misconfigured, "the URL is longer than 8 KiB");
  }
  const UrlPtr parsed = has_authority(url) ? parse_url(url) : nullptr;
  if (!parsed) {
    return fail(Errc::misconfigured, "the URL cannot be understood",
                "write an absolute URL such as https://api.box.com");
  }
  if (url.contains('#')) return fail(Errc::misconfigured, "the URL has a fragment (#...)");
  return check_parsed(parsed.get());
}

Result<void> check_proxy_address(std::string_view proxy) {
  if (proxy.contains('@')) {
    return fail(Errc::misconfigured, "holds a user name or password",
                "take it out; a proxy that wants one may be named in the environment, as "
                "https_proxy, and not here");
  }
  const std::string url = (proxy.contains("://") ? "" : "http://") + std::string(proxy);
  const UrlPtr parsed = has_authority(url) ? parse_url(url) : nullptr;
  if (parsed) {
    const auto path = part_of(parsed.get(), CURLUPART_PATH).value_or("");
    const bool is_bare = (path.empty() || path == "/") && !url.contains('?') && !url.contains('#');
    const auto origin = origin_in(parsed.get());
    constexpr std::array schemes = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
    if (is_bare && !origin.host.empty() &&
        std::find(schemes.begin(), schemes.end(), origin.scheme) != schemes.end()) {
      return {};
    }
  }
  return fail(Errc::misconfigured, "cannot be understood",
              "write proxy = \"http://HOST:PORT\", or \"none\"");
}

bool names_loopback(std::string_view url) {
  const UrlPtr parsed = parse_url(url);
  return parsed && is_loopback(origin_in(parsed.get()).host);
}

bool same_origin(std::string_view left, std::string_view right) {
  const UrlPtr one = parse_url(left);
  const UrlPtr other = parse_url(right);
  return one && other && origin_in(one.get()) == origin_in(other.get());
}

std::string origin_of(std::string_view url) {
  const UrlPtr parsed = parse_url(url);
  return parsed ? text_of(origin_in(parsed.get())) : "an unreadable URL";
}

Result<std::string> resolve_location(std::string_view redirected, std::string_view location) {
  const UrlPtr url = parse_url(redirected);
  if (!url) return fail(Errc::invalid_argument, "the URL that was redirected cannot be understood");
  const std::string scheme = origin_in(url.get()).scheme;
  const std::string ended(location);
  if (location.empty() || location.size() > base::request_url_bytes_max ||
      location.contains('\0') ||
      curl_url_set(url.get(), CURLUPART_URL, ended.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK) {
    return fail(Errc::malformed_response, "the Location header is no usable URL");
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);

  const Origin target = origin_in(url.get());
  if (scheme == "https" && target.scheme == "http") {
    return fail(Errc::denied_by_policy, "the server redirects from https to plain http");
  }
  auto checked = check_parsed(url.get());
  if (!checked) {
    if (checked.error().code == Errc::denied_by_policy) return failure_of(std::move(checked));
    return fail(Errc::malformed_response, "the Location header is no usable URL");
  }
  return part_of(url.get(), CURLUPART_URL).value_or("");
}

}  // namespace valetkey::http
