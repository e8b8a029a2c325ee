// SPDX-License-Identifier: Apache-2.0
#include "contract/http_server.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace valetkey::contract {
namespace {

std::shared_ptr<X509> sign_itself(const Certificate& wanted, EVP_PKEY* key) {
  std::shared_ptr<X509> made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wanted.begins_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wanted.ends_s);
  X509_NAME* const name = X509_get_subject_name(made.get());
  const std::string common = "valetkey test";
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      static_cast<const unsigned char*>(static_cast<const void*>(common.c_str())), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  const bool is_address = wanted.host == "127.0.0.1";
  const std::string names = (is_address ? "IP:" : "DNS:") + wanted.host;
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(made.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_set_pubkey(made.get(), key);
  X509_sign(made.get(), key, EVP_sha256());
  return made;
}

int listen_on(const std::string& unix_path, int& port) {
  const int fd = socket(unix_path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!unix_path.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(unix_path.begin(), unix_path.end(), std::begin(address.sun_path));
    bind(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const raw = static_cast<sockaddr*>(static_cast<void*>(&address));
    bind(fd, raw, sizeof address);
    socklen_t size = sizeof address;
    getsockname(fd, raw, &size);
    port = ntohs(address.sin_port);
  }
  listen(fd, 64);
  return fd;
}

std::size_t content_length(const std::string& head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(tolower(letter)); });
  const auto at = lower.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::stoull(lower.substr(at + 17));
}

}  // namespace

Identity::Identity(const Certificate& certificate) {
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const auto signed_by_itself = sign_itself(certificate, key.get());
  context_.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context_.get(), signed_by_itself.get());
  SSL_CTX_use_PrivateKey(context_.get(), key.get());
  const std::shared_ptr<BIO> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_X509(bio.get(), signed_by_itself.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  pem_.assign(data, static_cast<std::size_t>(size));
}

Peer::Peer(int fd, SSL_CTX* context) : fd_(fd) {
  if (context == nullptr) return;
  tls_ = SSL_new(context);
  SSL_set_fd(tls_, fd_);
  SSL_accept(tls_);
}

Peer::~Peer() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
  SSL_free(tls_);
  shutdown(fd_, SHUT_RDWR);
}

long Peer::read_some(char* to, std::size_t room) {
  if (tls_ != nullptr) return SSL_read(tls_, to, static_cast<int>(room));
  return recv(fd_, to, room, 0);
}

std::optional<Received> Peer::read_request(bool keep_body) {
  std::array<char, 16384> block{};
  std::size_t end = 0;
  while ((end = ahead_.find("\r\n\r\n")) == std::string::npos) {
    const long got = read_some(block.data(), block.size());
    if (got <= 0) return std::nullopt;
    ahead_.append(block.data(), static_cast<std::size_t>(got));
  }
  Received request{ahead_.substr(0, end + 2), {}};
  ahead_.erase(0, end + 4);
  const std::size_t length = content_length(request.head);
  body_bytes_ = 0;
  for (;;) {
    const auto taken = std::min(ahead_.size(), length - body_bytes_);
    if (keep_body) request.body.append(ahead_, 0, taken);
    ahead_.erase(0, taken);
    body_bytes_ += taken;
    if (body_bytes_ == length) return request;
    const long got = read_some(block.data(), block.size());
    if (got <= 0) return std::nullopt;
    ahead_.append(block.data(), static_cast<std::size_t>(got));
  }
}

void Peer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = tls_ != nullptr
                          ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                          : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Peer::read_until_closed() {
  std::array<char, 4096> block{};
  while (read_some(block.data(), block.size()) > 0) {
  }
}

void Peer::reset() {
  // A connect to nowhere drops the association, and with it all that was promised.
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  connect(fd_, &nowhere, sizeof nowhere);
}

HttpServer::HttpServer(Serve serve, ServerOptions options)
    : serve_(std::move(serve)),
      identity_(options.certificate ? std::optional<Identity>(*options.certificate) : std::nullopt),
      listening_(listen_on(options.unix_path, port_)) {
  accepting_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  shutdown(listening_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_)
      shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : serving_)
    thread.join();
  close(listening_);
}

void HttpServer::accept_all() {
  for (;;) {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    connections_.fetch_add(1);
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    serving_.emplace_back([this, fd] { serve_one(fd); });
  }
}

void HttpServer::serve_one(int fd) {
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  {
    Peer peer(fd, identity_ ? identity_->context() : nullptr);
    serve_(peer);
  }
  const std::lock_guard lock(mutex_);
  open_.remove(fd);
  close(fd);
}

std::string HttpServer::url(const std::string& path, const std::string& host) const {
  return (identity_ ? "https://" : "http://") + host + ":" + std::to_string(port_) + path;
}

HttpServer::Serve always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (peer.read_request())
      peer.write(answer);
  };
}

std::string answer_of(int status, const std::string& body, const std::string& fields) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Words\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" +
         body;
}

}  // namespace valetkey::contract
