// SPDX-License-Identifier: Apache-2.0
// Bodies from files and into files, and sockets that are files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "contract/http_server.h"
#include "http/curl_transport.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t large_bytes = 64U << 20U;

class CurlFiles : public testing::Test {
 protected:
  CurlFiles() {
    std::string name = std::filesystem::temp_directory_path() / "valetkey-files-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~CurlFiles() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name)) << content;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    return (std::ostringstream() << file.rdbuf()).str();
  }
  long files() const { return std::distance(std::filesystem::directory_iterator(directory_), {}); }
  static Result<HttpResponse> send(const HttpRequest& request) {
    return http::CurlTransport({.clock = make_system_clock(), .proxy = "none"})
        .send(request, deadline_in(1min));
  }
  HttpRequest download(const std::string& url) const {
    HttpRequest request;
    request.url = url;
    request.answer_file = BodyFile{path("answer")};
    return request;
  }

 private:
  std::string directory_;
};

/// The most memory this process has held since the last `clear`.
class HighWater {
 public:
  HighWater() { std::ofstream("/proc/self/clear_refs") << "5"; }
  static std::size_t kilobytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
    }
    return 0;
  }
};

TEST_F(CurlFiles, StreamsALargeAnswerInConstantMemory) {
  const HttpServer server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large_bytes) + "\r\n\r\n");
    const std::string block(1U << 16U, 'x');
    for (std::size_t sent = 0; sent < large_bytes; sent += block.size())
      peer.write(block);
  });
  const HighWater clear;
  const std::size_t before = HighWater::kilobytes();

  const auto response = send(download(server.url()));

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_LT(HighWater::kilobytes() - before, 24U * 1024);
  EXPECT_TRUE(response->body.empty());
  EXPECT_EQ(std::filesystem::file_size(path("answer")), large_bytes);
  struct stat seen {};
  stat(path("answer").c_str(), &seen);
  EXPECT_EQ(seen.st_mode & 0777U, 0600U);
}

TEST_F(CurlFiles, StreamsALargeBodyInConstantMemory) {
  std::atomic<std::size_t> received{0};
  const HttpServer server([&](Peer& peer) {
    peer.read_request(false);
    received = peer.body_bytes();
    peer.write(answer_of(201, ""));
  });
  write("body", "");
  std::filesystem::resize_file(path("body"), large_bytes);
  HttpRequest request;
  request.method = "POST";
  request.url = server.url();
  request.body_file = BodyFile{path("body")};
  const HighWater clear;
  const std::size_t before = HighWater::kilobytes();

  const auto response = send(request);

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->status, 201);
  EXPECT_LT(HighWater::kilobytes() - before, 24U * 1024);
  EXPECT_EQ(received.load(), large_bytes);
}

TEST_F(CurlFiles, KeepTheOldContentWhenTheAnswerBreaksOff) {
  const HttpServer cut([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  write("answer", "old");

  const auto response = send(download(cut.url()));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::unreachable);
  EXPECT_EQ(read("answer"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(CurlFiles, TakeSuccessesAlone) {
  const HttpServer refusing(always(answer_of(403, "why not")));
  write("answer", "old");

  const auto response = send(download(refusing.url()));

  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), 7U);
  EXPECT_EQ(read("answer"), "old");
}

TEST_F(CurlFiles, HoldAnEmptyAnswerToo) {
  const HttpServer server(always(answer_of(200, "")));
  write("answer", "old");

  ASSERT_TRUE(send(download(server.url())));

  EXPECT_EQ(read("answer"), "");
}

TEST_F(CurlFiles, AreNeverDevicesOrDirectories) {
  const HttpServer server(always(answer_of(200, "x")));
  auto request = download(server.url());

  for (const std::string& target : {std::string("/dev/null"), path("")}) {
    request.answer_file = BodyFile{target};
    const auto response = send(request);
    ASSERT_FALSE(response) << target;
    EXPECT_THAT(response.error().context, HasSubstr("not a regular file"));
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST_F(CurlFiles, SayThatTheDiskIsFull) {
  const HttpServer server(always(answer_of(200, std::string(100'000, 'x'))));
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};  // further writes fail, as they do on a full disk

  setrlimit(RLIMIT_FSIZE, &small);
  const auto response = send(download(server.url()));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::exhausted);
  EXPECT_THAT(response.error().hint, HasSubstr("make room"));
  EXPECT_EQ(files(), 0);
}

TEST_F(CurlFiles, SayWhenTheyCannotBeReadOrMade) {
  const HttpServer server(always(answer_of(200, "x")));
  HttpRequest request;
  request.method = "PUT";
  request.url = server.url();
  request.body_file = BodyFile{path("missing")};
  const auto missing = send(request);
  request.body_file = BodyFile{path("")};
  const auto directory = send(request);
  request.body_file.reset();
  request.answer_file = BodyFile{path("no/such/place")};
  const auto nowhere = send(request);

  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::invalid_argument);
  EXPECT_THAT(missing.error().context, HasSubstr("No such file"));
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().context, HasSubstr("not a regular file"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::misconfigured);
}

TEST_F(CurlFiles, ReachAServerOnAUnixSocket) {
  const HttpServer server(always(answer_of(200, "local")), {.unix_path = path("socket")});
  HttpRequest request;
  request.url = "http://broker/box/oauth2/token";
  request.unix_socket = path("socket");

  const auto response = send(request);
  request.unix_socket = path("nobody");
  const auto nobody = send(request);
  request.unix_socket = std::string(200, 'x');
  const auto longer = send(request);

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->body.size(), 5U);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::unreachable);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Errc::misconfigured);
}

/// A server of that certificate, asked by a client that may or may not trust it.
class CurlTls : public CurlFiles {
 protected:
  Result<HttpResponse> ask(const HttpServer& server, bool trusted, const std::string& host) {
    HttpRequest request;
    request.url = server.url("/", host);
    http::CurlOptions options{.clock = make_system_clock(), .proxy = "none"};
    if (trusted) options.ca_file = write("ca.pem", server.identity().pem());
    return http::CurlTransport(std::move(options)).send(request, deadline_in(1min));
  }
  void expect_refused(const Certificate& certificate, bool trusted, const std::string& words) {
    std::atomic<bool> was_asked{false};
    const HttpServer server([&](Peer& peer) { was_asked = peer.read_request().has_value(); },
                            {.certificate = certificate});

    const auto response = ask(server, trusted, "127.0.0.1");

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::unreachable);
    EXPECT_THAT(response.error().context, HasSubstr(words));
    EXPECT_FALSE(was_asked.load());
  }
};

// Rule S4
TEST_F(CurlTls, ChecksTheCertificateAndSaysWhatIsWrongWithIt) {
  expect_refused({.host = "127.0.0.1"}, false, "not signed by a trusted authority");
  expect_refused({.host = "127.0.0.1", .begins_s = -7200, .ends_s = -3600}, true, "has expired");
  expect_refused({.host = "127.0.0.1", .begins_s = 3600, .ends_s = 7200}, true, "not valid yet");
  expect_refused({.host = "other.example"}, true, "for another host name");
}

// Rule S4
TEST_F(CurlTls, TrustsARootThatWasNamed) {
  const HttpServer server(always(answer_of(200, "safe")),
                          {.certificate = Certificate{"localhost"}});

  const auto response = ask(server, true, "localhost");

  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->body.size(), 4U);
}

TEST_F(CurlTls, SaysWhenTheNamedRootCannotBeRead) {
  const HttpServer server(always(answer_of(200, "")), {.certificate = Certificate{"localhost"}});
  HttpRequest request;
  request.url = server.url();

  const auto response =
      http::CurlTransport(
          {.clock = make_system_clock(), .proxy = "none", .ca_file = path("missing.pem")})
          .send(request, deadline_in(1min));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::misconfigured);
  EXPECT_THAT(response.error().context, HasSubstr("ca_file"));
}

TEST_F(CurlTls, RefusesWhatIsOlderThanTls12) {
  const HttpServer server(always(answer_of(200, "")), {.certificate = Certificate{"localhost"}});
  SSL_CTX_set_max_proto_version(server.identity().context(), TLS1_1_VERSION);

  const auto response = ask(server, true, "localhost");

  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().context, HasSubstr("TLS handshake failed"));
}

TEST_F(CurlTls, SurvivesAServerThatHangsUpInTheMiddleOfAnUpload) {
  const HttpServer server([](Peer& peer) { peer.reset(); },
                          {.certificate = Certificate{"localhost"}});
  HttpRequest request;
  request.method = "POST";
  request.url = server.url("/", "localhost");
  write("body", "");
  std::filesystem::resize_file(path("body"), large_bytes);
  request.body_file = BodyFile{path("body")};

  const auto response = http::CurlTransport({.clock = make_system_clock(),
                                             .proxy = "none",
                                             .ca_file = write("ca.pem", server.identity().pem())})
                            .send(request, deadline_in(1min));

  ASSERT_FALSE(response);  // and no SIGPIPE has ended us
  EXPECT_EQ(response.error().code, Errc::unreachable);
}

}  // namespace
}  // namespace valetkey::contract
