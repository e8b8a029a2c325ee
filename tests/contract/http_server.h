// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server on raw sockets, that can misbehave in every way a test asks for.

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace valetkey::contract {

/// A certificate that signs itself, with its key.
struct Certificate {
  std::string host;       ///< subject alternative name: a DNS name or 127.0.0.1
  long begins_s = -3600;  ///< from now
  long ends_s = 3600;
};

/// What a server shows, and what its clients may trust.
class Identity {
 public:
  explicit Identity(const Certificate& certificate);

  SSL_CTX* context() const { return context_.get(); }
  const std::string& pem() const { return pem_; }

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::string pem_;
};

struct Received {
  std::string head{};  ///< request line and header fields
  std::string body{};
};

/// One accepted connection, as the server's side sees it.
class Peer {
 public:
  Peer(int fd, SSL_CTX* context);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Nothing when the client is gone. `keep_body` false: counts and drops it.
  std::optional<Received> read_request(bool keep_body = true);
  void write(std::string_view bytes);
  void read_until_closed();
  void reset();  ///< the client sees ECONNRESET
  std::size_t body_bytes() const { return body_bytes_; }

 private:
  long read_some(char* to, std::size_t room);

  const int fd_;
  SSL* tls_ = nullptr;
  std::string ahead_{};
  std::size_t body_bytes_ = 0;
};

struct ServerOptions {
  std::string unix_path{};
  std::optional<Certificate> certificate{};
};

class HttpServer {
 public:
  using Serve = std::function<void(Peer&)>;

  explicit HttpServer(Serve serve, ServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;
  int port() const { return port_; }
  int connections() const { return connections_.load(); }
  const Identity& identity() const { return *identity_; }

 private:
  void accept_all();
  void serve_one(int fd);

  const Serve serve_;
  const std::optional<Identity> identity_;
  int port_ = 0;  // before `listening_`, whose making fills it in
  int listening_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::list<int> open_;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

/// Answers every request of a connection with the same bytes.
HttpServer::Serve always(std::string answer);

std::string answer_of(int status, const std::string& body, const std::string& fields = {});

}  // namespace valetkey::contract
