// SPDX-License-Identifier: Apache-2.0
#include "api/authorized_call.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/http_date.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "http/origin.h"
#include "oauth/challenge.h"

namespace valetkey::api {
namespace {

constexpr unsigned redirects_max = 5;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool one_of_ignoring_case(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view other) {
    return base::equal_ignoring_case(word, other);
  });
}

// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) {
  return one_of(method, {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"});
}
bool is_safe(std::string_view method) {
  return one_of(method, {"GET", "HEAD"});
}

// What frames a request or says whose it is: the transport's and ours.
bool is_refused_header(std::string_view name) {
  constexpr std::string_view proxys = "Proxy-";
  if (base::equal_ignoring_case(name.substr(0, proxys.size()), proxys)) return true;
  return one_of_ignoring_case(name, {"Authorization", "Host", "Content-Length", "Transfer-Encoding",
                                     "Connection", "Upgrade", "TE"});
}

Result<void> check_headers(const std::vector<HttpHeader>& headers) {
  for (const auto& header : headers) {
    if (!is_refused_header(header.name)) continue;
    return fail(Errc::invalid_argument,
                "the header " + base::printable(header.name, 40) + " is not the caller's to say",
                "leave it out; valetkey authorises and frames the request itself");
  }
  return {};
}

// Rule S5: a caller's headers carry its cookies and its shared links' passwords.
std::vector<HttpHeader> headers_for_strangers(const std::vector<HttpHeader>& headers) {
  std::vector<HttpHeader> harmless;
  // RFC 9110 §13.1.5: without its condition a part may be one of another content.
  const bool is_conditional = find_header(headers, "If-Range").has_value();
  for (const auto& header : headers) {
    const bool is_part = !is_conditional && base::equal_ignoring_case(header.name, "Range");
    if (is_part || one_of_ignoring_case(header.name, {"Accept", "Accept-Language"})) {
      harmless.push_back(header);
    }
  }
  return harmless;
}

// Rule U2: only a body that can be sent again is sent again; a pipe has been drunk.
bool is_resendable(const ApiCall& call) {
  if (!call.body_file) return true;
  struct stat facts {};
  return ::stat(call.body_file->path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

/// One call on its way, through redirects, one refresh and its retries.
class Calling {
 public:
  Calling(const ApiCall& call, const CallParts& parts, Deadline deadline)
      : call_(call), parts_(parts), deadline_(deadline), is_resendable_(is_resendable(call)) {}

  Result<HttpResponse> run(const std::string& url) {
    auto token = parts_.token(deadline_);
    if (!token) return failure_of(std::move(token));
    token_.emplace(std::move(*token));
    for (;;) {
      auto response = send_following(url);
      if (response && must_refresh(*response)) {
        auto refreshed = refresh();
        if (!refreshed) return failure_of(std::move(refreshed));
        if (*refreshed) continue;
        return response;
      }
      const auto delay = delay_after(response);
      if (!delay) return response;
      if (!parts_.stopper->wait_until(parts_.clock->now() + *delay)) {
        return fail(Errc::cancelled, "valetkey is shutting down");
      }
      ++number_;
    }
  }

 private:
  Result<HttpResponse> send_following(const std::string& first_url) {
    std::string url = first_url;
    bool carries_token = true;
    for (unsigned hop = 0;; ++hop) {
      auto response = send(url, carries_token);
      if (!response || !is_redirect(*response)) return response;
      const auto location = find_header(response->headers, "Location");
      if (!location || !is_safe(call_.method)) return response;
      if (hop == redirects_max) {
        return fail(Errc::malformed_response, "the API redirects in a circle");
      }
      auto next = http::resolve_location(url, *location);
      if (!next) return failure_of(std::move(next));
      // Rule S5: once on another origin, never again with the token.
      carries_token = carries_token && http::same_origin(first_url, *next);
      url = std::move(*next);
    }
  }

  Result<HttpResponse> send(const std::string& url, bool carries_token) {
    HttpRequest request;
    request.method = call_.method;
    request.url = url;
    request.answer_file = call_.answer_file;
    request.answer_bytes_max = call_.answer_bytes_max;
    carried_token_ = carries_token;
    if (!carries_token) {
      request.headers = headers_for_strangers(call_.headers);
    } else {
      request.headers = call_.headers;
      request.body = call_.body.clone();
      request.body_file = call_.body_file;
      // RFC 6750 §2.1.
      request.authorization = token_->reveal([](std::string_view text) {
        return SecretBuilder(text.size() + 7).append("Bearer ").append(text).take();
      });
    }
    return parts_.transport->send(request, deadline_);
  }

  static bool is_redirect(const HttpResponse& response) {
    return one_of(std::to_string(response.status), {"301", "302", "303", "307", "308"});
  }

  bool must_refresh(const HttpResponse& response) const {
    // Another origin's 401 says nothing of a token that it has not seen.
    return carried_token_ && !is_refreshed_ && is_resendable_ &&
           oauth::says_token_invalid(response);
  }

  // True: there is another token to try with. False: there is not, and the 401 stands.
  Result<bool> refresh() {
    is_refreshed_ = true;
    const Fingerprint refused = token_->fingerprint();
    parts_.report_unauthorized(*token_);
    auto token = parts_.token(deadline_);
    if (!token) return failure_of(std::move(token));
    token_.emplace(std::move(*token));
    return token_->fingerprint() != refused;
  }

  std::optional<std::chrono::nanoseconds> delay_after(const Result<HttpResponse>& response) const {
    http::Attempt attempt{.number = number_};
    attempt.replayable = is_idempotent(call_.method);
    attempt.resendable = is_resendable_;
    if (response) {
      const bool is_not_ready = response->status == 202 && is_safe(call_.method);
      attempt.status = response->status;
      const auto text = find_header(response->headers, "Retry-After");
      if (text) attempt.retry_after = base::parse_retry_after(*text, response->answered_at_wall);
      if (is_not_ready && attempt.retry_after) attempt.status = 503;  // Box: made ready meanwhile
      if (attempt.status != 429 && attempt.status < 500) return std::nullopt;
    } else {
      attempt.failure = response.error().code;
      if (remedy_for(response.error().code) != Remedy::retry) return std::nullopt;
    }
    return http::next_delay(attempt, parts_.retry, parts_.jitter(),
                            deadline_.left(parts_.clock->now()));
  }

  const ApiCall& call_;
  const CallParts& parts_;
  const Deadline deadline_;
  const bool is_resendable_;
  std::optional<AccessToken> token_;
  unsigned number_ = 1;
  bool is_refreshed_ = false;
  bool carried_token_ = false;
};

Result<std::string> usable_target(std::string url) {
  auto checked = http::check_upstream_url(url);
  if (checked) return url;
  return fail(Errc::invalid_argument,
              "the target is neither a path nor a usable URL: " + checked.error().context,
              "name a path such as /2.0/users/me");
}

}  // namespace

Result<std::string> target_url(const std::string& target, const std::vector<std::string>& origins) {
  if (target.empty() || target.size() > base::url_bytes_max) {
    return fail(Errc::invalid_argument, "the target of the call is empty or too long",
                "name a path such as /2.0/users/me");
  }
  if (origins.empty() || origins.front().empty()) {
    return fail(Errc::misconfigured, "the provider has no API address",
                "write api_url = \"https://...\" in its table");
  }
  if (target.front() == '/') {
    std::string base = origins.front();
    while (base.ends_with('/'))
      base.pop_back();
    return usable_target(base + target);
  }
  auto url = usable_target(target);
  if (!url) return url;
  for (const auto& origin : origins) {
    if (!origin.empty() && http::same_origin(origin, *url)) return url;
  }
  // SECURITY: a token that goes to a stranger's host is a stolen token.
  return fail(Errc::denied_by_policy, "the target is not on the provider's own hosts",
              "name a path such as /2.0/users/me");
}

Result<HttpResponse> call_authorized(const ApiCall& call, const std::string& url,
                                     const CallParts& parts, Deadline deadline) {
  auto checked = check_headers(call.headers);
  if (!checked) return failure_of(std::move(checked));
  return Calling(call, parts, deadline).run(url);
}

}  // namespace valetkey::api
