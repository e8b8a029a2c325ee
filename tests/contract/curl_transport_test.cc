// SPDX-License-Identifier: Apache-2.0
// What CurlTransport makes of servers that misbehave.
#include "http/curl_transport.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "contract/http_server.h"
#include "http/exchange.h"
#include "support/fake_clock.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using http::CurlOptions;
using http::CurlTransport;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

CurlOptions plain_options() {
  return {.clock = make_system_clock(), .proxy = "none"};
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

HttpRequest post(const std::string& url, const std::string& body = "a=b") {
  HttpRequest request = get(url);
  request.method = "POST";
  request.body = Secret(body);
  return request;
}

Result<HttpResponse> send(const HttpRequest& request, CurlOptions options = plain_options()) {
  return CurlTransport(std::move(options)).send(request, deadline_in(30s));
}

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

void expect_failure(const Result<HttpResponse>& response, Errc code, const std::string& words) {
  ASSERT_FALSE(response);
  EXPECT_EQ(name_of(response.error().code), name_of(code)) << describe(response.error());
  EXPECT_THAT(response.error().context, HasSubstr(words));
}

/// Reads one request, then answers with these bytes and closes.
HttpServer::Serve once(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    if (peer.read_request()) peer.write(answer);
  };
}

// Failure table: provider answers rubbish, 10 MB, or a token without `expires_in`
TEST(CurlTransport, CallsWhatIsNoHttpMalformed) {
  for (const auto* const rubbish :
       {"rubbish\r\n\r\n", "\x16\x03\x01\x02", "<html>hello</html>", "HTTP/1.1 abc\r\n\r\n"}) {
    const HttpServer server(once(rubbish));

    expect_failure(send(get(server.url())), Errc::malformed_response, "");
  }
}

// Failure table: provider answers rubbish, 10 MB, or a token without `expires_in`
TEST(CurlTransport, BoundsTheAnswerInMemory) {
  const HttpServer server(always(answer_of(200, std::string(10'000'000, 'x'))));

  expect_failure(send(get(server.url())), Errc::malformed_response, "larger than 1048576 bytes");

  auto request = get(server.url());
  request.answer_bytes_max = 10'000'000;
  EXPECT_EQ(send(request)->body.size(), 10'000'000U);
}

// Rule F2
TEST(CurlTransport, BoundsTheAnswersHeader) {
  std::string fields;
  for (int count = 0; count < 1000; ++count)
    fields += "X-Field: " + std::string(90, 'x') + "\r\n";
  const HttpServer many(always(answer_of(200, "", fields)));
  const HttpServer one(
      always(answer_of(200, "", "X-Field: " + std::string(300'000, 'x') + "\r\n")));

  expect_failure(send(get(many.url())), Errc::malformed_response, "header is larger than 64 KiB");
  expect_failure(send(get(one.url())), Errc::malformed_response, "header is larger than 64 KiB");
}

TEST(CurlTransport, TakesTheLastHeadAfterInterimOnes) {
  const HttpServer server(always("HTTP/1.1 103 Early Hints\r\nX-Early: a\r\n\r\n" +
                                 answer_of(200, "body", "X-Late: b\r\n")));

  const auto response = send(get(server.url()));

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(find_header(response->headers, "X-Early"), std::nullopt);
  EXPECT_EQ(find_header(response->headers, "X-Late"), "b");
  EXPECT_EQ(text_of(response->body), "body");
}

TEST(CurlTransport, DropsTrailersOfAChunkedAnswer) {
  const HttpServer server(
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
             "X-Trailer: t\r\n\r\n"));

  const auto response = send(get(server.url()));

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(text_of(response->body), "abcde");
  EXPECT_EQ(find_header(response->headers, "X-Trailer"), std::nullopt);
}

// Rule F3
TEST(CurlTransport, TakesNoTrailerForASecondHead) {
  const HttpServer server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n");
    peer.write("2\r\nno\r\n0\r\nHTTP/1.1 200 x\r\n\r\n");
  });
  CurlTransport transport(plain_options());
  HttpRequest request;
  request.url = server.url();

  const auto response = transport.send(request, deadline_in(30s));

  EXPECT_FALSE(response && response->status == 200);
}

TEST(CurlTransport, SaysInWordsWhyThereIsNoAnswer) {
  const HttpServer closing(once(""));
  const HttpServer cut(once("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"));
  const HttpServer resetting([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  std::string nobody;
  {
    const HttpServer gone(once(""));
    nobody = gone.url();
  }

  expect_failure(send(get(closing.url())), Errc::unreachable, "closed without an answer");
  expect_failure(send(get(cut.url())), Errc::unreachable, "in the middle of the answer");
  expect_failure(send(get(resetting.url())), Errc::unreachable, "reset");
  expect_failure(send(get(nobody)), Errc::unreachable, "Connection refused");
  expect_failure(send(get("https://no-such-host.invalid/")), Errc::unreachable,
                 "https://no-such-host.invalid:443: the host name cannot be resolved");
}

// Rules S3, F3
TEST(CurlTransport, ShowsNoMoreOfTheUrlThanItsOrigin) {
  const HttpServer closing(once(""));

  const auto response = send(get(closing.url("/private/path?access_token=token-one")));

  ASSERT_FALSE(response);
  EXPECT_THAT(describe(response.error()),
              AllOf(StartsWith("http://127.0.0.1:"), Not(HasSubstr("private")),
                    Not(HasSubstr("token-one"))));
}

// Rule S4
TEST(CurlTransport, SendsNothingInPlainToAnotherMachine) {
  expect_failure(send(get("http://192.0.2.1/")), Errc::denied_by_policy, "plain http");
  expect_failure(send(get("ftp://127.0.0.1/")), Errc::misconfigured, "scheme");
  expect_failure(send(get("https://u:p@127.0.0.1/")), Errc::misconfigured, "user name");
}

// Rule S4
TEST(CurlTransport, TrustsLocalhostByItsAddressNotItsName) {
  const HttpRequest request = get("http://localhost:1/");
  const auto clock = make_system_clock();
  http::Exchange exchange(request, *clock);
  CURL* const easy = curl_easy_init();
  curl_slist* const moved = curl_slist_append(nullptr, "localhost:1:192.0.2.1");
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_RESOLVE, moved);
  exchange.set_options(easy);

  EXPECT_EQ(curl_easy_perform(easy), CURLE_COULDNT_CONNECT);

  ASSERT_TRUE(exchange.stopped());
  EXPECT_EQ(exchange.stopped()->code, Errc::denied_by_policy);
  curl_easy_cleanup(easy);
  curl_slist_free_all(moved);
}

TEST(CurlTransport, ReachesLocalhost) {
  const HttpServer server(always(answer_of(200, "here")));

  EXPECT_EQ(text_of(send(get(server.url("/", "localhost")))->body), "here");
}

// Rule S4
TEST(CurlTransport, KeepsWhatIsForThisMachineFromProxies) {
  const HttpServer proxy(always(answer_of(200, "by proxy")));
  const HttpServer server(always(answer_of(200, "direct")));
  auto options = plain_options();
  options.proxy = proxy.url();
  EXPECT_EQ(text_of(send(get(server.url()), options)->body), "direct");

  setenv("http_proxy", proxy.url().c_str(), 1);
  setenv("all_proxy", proxy.url().c_str(), 1);
  options.proxy = "";
  EXPECT_EQ(text_of(send(get(server.url()), options)->body), "direct");
  unsetenv("http_proxy");
  unsetenv("all_proxy");

  EXPECT_EQ(proxy.connections(), 0);
}

TEST(CurlTransport, TunnelsHttpsThroughAProxyAndSaysWhenThatRefuses) {
  std::string head;
  const HttpServer proxy([&](Peer& peer) {
    const auto request = peer.read_request();
    head = request ? request->head : "";
    peer.write(answer_of(403, ""));
  });
  auto options = plain_options();
  options.proxy = proxy.url();
  auto request = get("https://api.example/");
  request.authorization = Secret("Bearer token-one");

  expect_failure(send(request, options), Errc::unreachable, "the proxy answers 403");

  EXPECT_THAT(head, StartsWith("CONNECT api.example:443 "));
  EXPECT_THAT(head, Not(HasSubstr("token-one")));
}

TEST(CurlTransport, LetsNoHeaderBreakIntoAnother) {
  const HttpServer server(always(answer_of(200, "")));
  auto request = get(server.url());

  for (const HttpHeader& bad :
       {HttpHeader{"X-A", "b\r\nX-C: d"}, HttpHeader{"X-A\r\nX-C", "d"}, HttpHeader{"", "x"},
        HttpHeader{"X A", "b"}, HttpHeader{"X-A:", "b"},
        HttpHeader{"X-A", std::string("b\0c", 3)}}) {
    request.headers = {bad};
    expect_failure(send(request), Errc::invalid_argument, "malformed");
  }
  request.headers.clear();
  request.authorization = Secret("Bearer a\nX-C: d");
  expect_failure(send(request), Errc::invalid_argument, "Authorization header is malformed");
  request.authorization = Secret();
  request.method = "GET /x HTTP/1.1\r\nX:";
  expect_failure(send(request), Errc::invalid_argument, "method");
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlTransport, KeepsItsConnectionsOpen) {
  const HttpServer server(always(answer_of(200, "")));
  CurlTransport transport(plain_options());

  for (int count = 0; count < 20; ++count) {
    EXPECT_TRUE(transport.send(post(server.url()), deadline_in(30s)));
  }

  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, OpensANewConnectionWhenTheKeptOneWasClosed) {
  const HttpServer server(once(answer_of(200, "")));
  CurlTransport transport(plain_options());

  for (int count = 0; count < 5; ++count) {
    const auto response = transport.send(get(server.url()), deadline_in(30s));
    EXPECT_TRUE(response) << describe(response.error());
  }

  EXPECT_EQ(server.connections(), 5);
}

// Rule U4
TEST(CurlTransport, NeverRepeatsWhatTheServerMayHaveActedUpon) {
  std::atomic<int> received{0};
  const HttpServer server([&](Peer& peer) {
    while (peer.read_request()) {
      if (received.fetch_add(1) == 1) return;  // acts on the second, and dies before answering
      peer.write(answer_of(200, ""));
    }
  });
  CurlTransport transport(plain_options());
  ASSERT_TRUE(transport.send(post(server.url()), deadline_in(30s)));

  expect_failure(transport.send(post(server.url()), deadline_in(30s)), Errc::unreachable, "");

  EXPECT_EQ(received.load(), 2);
}

TEST(CurlTransport, NeverRepeatsACallWithoutABodyEither) {
  std::atomic<int> received{0};
  const HttpServer server([&](Peer& peer) {
    while (peer.read_request()) {
      if (received.fetch_add(1) == 1) return;
      peer.write(answer_of(200, ""));
    }
  });
  CurlTransport transport(plain_options());
  for (const auto* const method : {"POST", "DELETE"}) {
    received = 0;
    HttpRequest request;
    request.method = method;
    request.url = server.url();
    ASSERT_TRUE(transport.send(request, deadline_in(30s)));

    expect_failure(transport.send(request, deadline_in(30s)), Errc::unreachable, "");

    EXPECT_EQ(received.load(), 2) << method;
  }
}

// Rule F1
TEST(CurlTransport, EndsAtTheDeadlineByItsClock) {
  std::atomic<bool> received{false};
  const HttpServer silent([&](Peer& peer) {
    peer.read_request();
    received.store(true);
    peer.read_until_closed();
  });
  const auto clock = std::make_shared<support::FakeClock>();
  CurlTransport transport({.clock = clock, .proxy = "none"});

  std::thread later([&] {
    while (!received.load())
      std::this_thread::yield();
    clock->advance(2h);
  });
  const auto response = transport.send(get(silent.url()), Deadline{clock->now() + 1h});
  later.join();

  expect_failure(response, Errc::timed_out, "before the deadline");
}

// Rule F1
TEST(CurlTransport, EndsAtTheDeadlineHoweverTheServerDawdles) {
  const HttpServer silent([](Peer& peer) { peer.read_until_closed(); });
  const HttpServer endless([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.write("a byte and then no more");
    peer.read_until_closed();
  });
  CurlTransport transport(plain_options());

  expect_failure(transport.send(get(silent.url()), deadline_in(30ms)), Errc::timed_out, "");
  expect_failure(transport.send(get(endless.url()), deadline_in(30ms)), Errc::timed_out, "");
  expect_failure(transport.send(get(silent.url()), deadline_in(-1s)), Errc::timed_out, "");
}

TEST(CurlTransport, DistinguishesConnectingFromTheDeadline) {
  // A listener whose queue is full lets nobody in and turns nobody away.
  const int full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = static_cast<sockaddr*>(static_cast<void*>(&address));
  socklen_t size = sizeof address;
  bind(full, raw, size);
  listen(full, 0);
  getsockname(full, raw, &size);
  std::vector<int> queued;
  for (int count = 0; count < 4; ++count) {
    queued.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connect(queued.back(), raw, size);
  }
  auto options = plain_options();
  options.connect_timeout = 50ms;

  const auto response =
      send(get("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))), options);

  expect_failure(response, Errc::unreachable, "connecting took too long");
  for (const int fd : queued)
    close(fd);
  close(full);
}

// Rule F1
TEST(CurlTransport, EndsEverySendWhenStopped) {
  std::atomic<int> received{0};
  const HttpServer silent([&](Peer& peer) {
    peer.read_request();
    received.fetch_add(1);
    peer.read_until_closed();
  });
  CurlTransport transport(plain_options());
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  for (int count = 0; count < 4; ++count) {
    threads.emplace_back([&] {
      const auto response = transport.send(get(silent.url()), deadline_in(1h));
      if (!response && response.error().code == Errc::cancelled) cancelled.fetch_add(1);
    });
  }
  while (received.load() < 4)
    std::this_thread::yield();

  transport.stop();
  for (auto& thread : threads)
    thread.join();

  EXPECT_EQ(cancelled.load(), 4);
  expect_failure(transport.send(get(silent.url()), deadline_in(1h)), Errc::cancelled, "");
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(CurlTransport, SaysThatDescriptorsHaveRunOutAndGoesOnAfterwards) {
  const HttpServer server(always(answer_of(200, "")));
  CurlTransport transport(plain_options());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};

  setrlimit(RLIMIT_NOFILE, &none);
  const auto by_address = transport.send(get(server.url()), deadline_in(30s));
  const auto by_name = transport.send(get("https://api.example/"), deadline_in(30s));
  setrlimit(RLIMIT_NOFILE, &before);

  expect_failure(by_address, Errc::exhausted, "Too many open files");
  expect_failure(by_name, Errc::exhausted, "Too many open files");
  EXPECT_THAT(by_address.error().hint, HasSubstr("LimitNOFILE"));
  EXPECT_TRUE(transport.send(get(server.url()), deadline_in(30s)));
}

TEST(CurlTransport, AddsNothingThatWasNotAskedFor) {
  std::string head;
  const HttpServer server([&](Peer& peer) {
    while (const auto request = peer.read_request()) {
      head = request->head;
      peer.write(answer_of(200, ""));
    }
  });
  auto options = plain_options();
  options.user_agent = "valetkey/1";

  ASSERT_TRUE(send(post(server.url(), std::string(2'000'000, 'x')), options));

  EXPECT_THAT(head, HasSubstr("User-Agent: valetkey/1\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 2000000\r\n"));
  for (const auto* const name : {"Expect", "Accept-Encoding", "Content-Type", "Authorization",
                                 "Transfer-Encoding", "Cookie"}) {
    EXPECT_THAT(head, Not(HasSubstr(std::string("\r\n") + name + ":")));
  }
}

}  // namespace
}  // namespace valetkey::contract
