// SPDX-License-Identifier: Apache-2.0
// What every Transport promises, whoever it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "base/text.h"
#include "contract/http_server.h"
#include "http/curl_transport.h"
#include "support/fake_clock.h"
#include "support/scripted_transport.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using support::SentRequest;

/// A transport together with whoever answers at its other end.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual Transport& transport() = 0;
  virtual std::string url() const = 0;
  virtual void will_answer(int status, std::string body, std::vector<HttpHeader> headers) = 0;
  virtual std::vector<SentRequest> sent() = 0;

  const std::shared_ptr<support::FakeClock> clock = std::make_shared<support::FakeClock>();
};

class ScriptedStage final : public Stage {
 public:
  Transport& transport() override { return transport_; }
  std::string url() const override { return "https://api.example/oauth2/token"; }
  void will_answer(int status, std::string body, std::vector<HttpHeader> headers) override {
    transport_.will_answer(status, std::move(body), std::move(headers));
  }
  std::vector<SentRequest> sent() override { return transport_.sent(); }

 private:
  support::ScriptedTransport transport_{*clock};
};

class CurlStage final : public Stage {
 public:
  Transport& transport() override { return transport_; }
  std::string url() const override { return server_.url("/oauth2/token"); }
  void will_answer(int status, std::string body, std::vector<HttpHeader> headers) override {
    std::string fields;
    for (const auto& header : headers)
      fields += header.name + ": " + header.value + "\r\n";
    const std::lock_guard lock(mutex_);
    answers_.push_back(answer_of(status, body, fields));
  }
  std::vector<SentRequest> sent() override {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  void serve(Peer& peer) {
    while (const auto request = peer.read_request()) {
      std::string answer;
      {
        const std::lock_guard lock(mutex_);
        sent_.push_back(seen(*request));
        answer = answers_.front();
        answers_.pop_front();
      }
      peer.write(answer);
    }
  }

  SentRequest seen(const Received& received) const {
    SentRequest request;
    const auto lines = base::split(received.head, '\n');
    const auto words = base::split(lines.front(), ' ');
    request.method = words.at(0);
    request.url = server_.url(std::string(words.at(1)));
    request.body = received.body;
    for (std::size_t at = 1; at < lines.size(); ++at) {
      const auto colon = lines[at].find(':');
      HttpHeader header{std::string(lines[at].substr(0, colon)),
                        std::string(base::trimmed(lines[at].substr(colon + 1)))};
      if (header.name == "Authorization") request.authorization = header.value;
      request.headers.push_back(std::move(header));
    }
    return request;
  }

  std::mutex mutex_;
  std::deque<std::string> answers_;
  std::vector<SentRequest> sent_;
  HttpServer server_{[this](Peer& peer) { serve(peer); }};
  http::CurlTransport transport_{{.clock = clock, .proxy = "none"}};
};

template <class Implementation>
class TransportContract : public testing::Test {
 protected:
  HttpRequest request(std::string method = "POST") const {
    HttpRequest made;
    made.method = std::move(method);
    made.url = stage_.url();
    return made;
  }
  Result<HttpResponse> send(const HttpRequest& what) {
    return stage_.transport().send(what, Deadline{stage_.clock->now() + 1h});
  }
  static std::string text_of(const Secret& secret) {
    return secret.reveal([](std::string_view text) { return std::string(text); });
  }

  Implementation stage_;
};

using Implementations = testing::Types<ScriptedStage, CurlStage>;
TYPED_TEST_SUITE(TransportContract, Implementations);

TYPED_TEST(TransportContract, HandsOverStatusHeadersAndBody) {
  this->stage_.will_answer(200, "{\"a\":1}", {{"Content-Type", "application/json"}, {"X-A", "b"}});

  const auto response = this->send(this->request());

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(this->text_of(response->body), "{\"a\":1}");
  EXPECT_EQ(find_header(response->headers, "content-type"), "application/json");
  EXPECT_EQ(find_header(response->headers, "x-a"), "b");
}

TYPED_TEST(TransportContract, SendsWhatItWasGiven) {
  this->stage_.will_answer(200, "", {});
  auto request = this->request("POST");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"X-Empty", ""}};
  request.authorization = Secret("Basic d29yZA==");
  request.body = Secret(std::string_view("grant_type=a&b=\0c", 17));

  ASSERT_TRUE(this->send(request));

  const auto sent = this->stage_.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].method, "POST");
  EXPECT_EQ(sent[0].url, this->stage_.url());
  EXPECT_EQ(sent[0].authorization, "Basic d29yZA==");
  EXPECT_EQ(sent[0].body, std::string("grant_type=a&b=\0c", 17));
  EXPECT_EQ(find_header(sent[0].headers, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(find_header(sent[0].headers, "X-Empty"), "");
}

TYPED_TEST(TransportContract, TakesAnErrorStatusForAnAnswer) {
  for (const int status : {400, 401, 404, 429, 500, 503}) {
    this->stage_.will_answer(status, "no", {{"Retry-After", "7"}});

    const auto response = this->send(this->request());

    ASSERT_TRUE(response) << status;
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(find_header(response->headers, "Retry-After"), "7");
  }
}

// Rule S5
TYPED_TEST(TransportContract, FollowsNoRedirect) {
  for (const int status : {301, 302, 303, 307, 308}) {
    this->stage_.will_answer(status, "", {{"Location", this->stage_.url() + "/elsewhere"}});

    const auto response = this->send(this->request("GET"));

    ASSERT_TRUE(response) << status;
    EXPECT_EQ(response->status, status);
  }
  EXPECT_EQ(this->stage_.sent().size(), 5U);
}

// Rule U4
TYPED_TEST(TransportContract, RetriesNothing) {
  this->stage_.will_answer(503, "", {{"Retry-After", "0"}});

  EXPECT_EQ(this->send(this->request())->status, 503);

  EXPECT_EQ(this->stage_.sent().size(), 1U);
}

// Rule C2
TYPED_TEST(TransportContract, TellsWhenItSentAndWhenItWasAnswered) {
  this->stage_.will_answer(200, "", {});
  const Instant now = this->stage_.clock->now();
  const WallTime wall = this->stage_.clock->wall_now();

  const auto response = this->send(this->request());

  ASSERT_TRUE(response);
  EXPECT_EQ(response->requested_at, now);
  EXPECT_EQ(response->answered_at_wall, wall);
}

TYPED_TEST(TransportContract, SpeaksEveryMethod) {
  for (const auto* const method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    this->stage_.will_answer(204, "", {});

    const auto response = this->send(this->request(method));

    ASSERT_TRUE(response) << method;
    EXPECT_EQ(this->stage_.sent().back().method, method);
    EXPECT_EQ(this->stage_.sent().back().body, "");
  }
}

TYPED_TEST(TransportContract, ServesManyThreadsAtOnce) {
  constexpr int threads_count = 8;
  constexpr int requests_count = 25;
  for (int count = 0; count < threads_count * requests_count; ++count) {
    this->stage_.will_answer(200, "same", {});
  }
  std::atomic<int> right{0};

  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&] {
      for (int count = 0; count < requests_count; ++count) {
        const auto response = this->send(this->request());
        if (response && this->text_of(response->body) == "same") right.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();

  EXPECT_EQ(right.load(), threads_count * requests_count);
}

}  // namespace
}  // namespace valetkey::contract
