// SPDX-License-Identifier: Apache-2.0
#pragma once
// A transport that answers from a script and remembers what was sent.

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "valetkey/http.h"
#include "valetkey/time.h"

namespace valetkey::support {

/// What a test may know of a request: secrets shown as text.
struct SentRequest {
  std::string method;
  std::string url;
  std::string authorization;
  std::string body;
  std::vector<HttpHeader> headers;
};

/// Answers from a queue, first in first out; when it is empty, by `otherwise` (default: 500).
/// Threads: any.
class ScriptedTransport final : public Transport {
 public:
  using Answer = std::function<Result<HttpResponse>(const SentRequest&)>;

  explicit ScriptedTransport(Clock& clock) : clock_(clock) {}

  void will_answer(Answer answer) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(answer));
  }
  void will_answer(int status, std::string body, std::vector<HttpHeader> headers = {}) {
    will_answer(made(status, std::move(body), std::move(headers)));
  }
  void will_fail(Errc code, std::string context) {
    will_answer([code, context](const SentRequest&) -> Result<HttpResponse> {
      return fail(code, context);
    });
  }
  void otherwise(Answer answer) {
    const std::lock_guard lock(mutex_);
    otherwise_ = std::move(answer);
  }
  void otherwise(int status, std::string body, std::vector<HttpHeader> headers = {}) {
    otherwise(made(status, std::move(body), std::move(headers)));
  }

  std::vector<SentRequest> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

  Result<HttpResponse> send(const HttpRequest& request, Deadline) override {
    Answer answer;
    SentRequest seen{request.method, request.url, text_of(request.authorization),
                     text_of(request.body), request.headers};
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(seen);
      if (script_.empty()) {
        answer = otherwise_;
      } else {
        answer = std::move(script_.front());
        script_.pop_front();
      }
    }
    const Instant requested_at = clock_.now();
    auto response = answer(seen);
    if (response) {
      response->requested_at = requested_at;
      response->answered_at_wall = clock_.wall_now();
    }
    return response;
  }

  static Answer made(int status, std::string body, std::vector<HttpHeader> headers = {}) {
    return [=](const SentRequest&) -> Result<HttpResponse> {
      HttpResponse response;
      response.status = status;
      response.headers = headers;
      response.body = Secret(body);
      return response;
    };
  }

 private:
  static std::string text_of(const Secret& secret) {
    return secret.reveal([](std::string_view text) { return std::string(text); });
  }

  Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Answer> script_;
  Answer otherwise_ = made(500, "");
  std::vector<SentRequest> sent_;
};

}  // namespace valetkey::support
