// SPDX-License-Identifier: Apache-2.0
#include "emulator/server.h"

#include <csignal>
#include <future>
#include <optional>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"
#include "emulator/reply_writer.h"

namespace valetkey::emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using Parser = http::request_parser<http::string_body>;

/// Counts something for as long as it lives.
class Counted {
 public:
  Counted(std::size_t& counter, std::size_t by) : counter_(&counter), by_(by) { counter += by; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { *counter_ -= by_; }

 private:
  std::size_t* counter_;
  std::size_t by_;
};

bool takes_large_body(std::string_view path) {
  return path.ends_with("/content");
}

Request request_of(Parser& parser, bool from_loopback) {
  auto& message = parser.get();
  Request request;
  request.method = std::string(message.method_string());
  const std::string_view target(message.target().data(), message.target().size());
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& field : message) {
    request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request.body = std::move(message.body());
  request.from_loopback = from_loopback;
  return request;
}

/// The reply to what is not HTTP, or too much of it.
Reply refuse(int status, std::string_view why) {
  Reply reply;
  reply.status = status;
  reply.fields = {{"Content-Type", "application/json"}, {"Connection", "close"}};
  reply.body = R"({"error":"invalid_request","error_description":")" + std::string(why) + "\"}";
  return reply;
}

std::optional<Reply> refusal_for(const error_code& error) {
  if (error == http::error::header_limit) return refuse(431, "The head is too large");
  if (error == http::error::body_limit) return refuse(413, "The body is too large");
  if (error.category() == http::make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    return refuse(400, "The message is not HTTP");
  }
  return std::nullopt;
}

}  // namespace

class Server::Impl {
 public:
  Impl() : acceptor_(context_), retry_(context_) {}
  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(const std::string& address) {
    const auto colon = address.rfind(':');
    const auto port = colon == std::string::npos
                          ? std::nullopt
                          : base::parse_number<std::uint16_t>(address.substr(colon + 1));
    error_code error;
    std::string host = address.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    const auto ip = asio::ip::make_address(host, error);
    if (!port || error) {
      return fail(Errc::invalid_argument,
                  "not an address to listen on: " + base::printable(address, 60),
                  "write it as 127.0.0.1:8080, or 127.0.0.1:0 for any free port");
    }
    const tcp::endpoint endpoint(ip, *port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return fail(Errc::exhausted,
                  "cannot listen on " + base::printable(address, 60) + ": " + error.message());
    }
    const auto bound = acceptor_.local_endpoint(error);
    address_ = (ip.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
    return {};
  }

  void run(Service& service) {
    service_ = &service;
    asio::co_spawn(context_, accept(), asio::detached);
    // Signals are the program's business, so its own threads take them.
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] {
      const auto work = asio::make_work_guard(context_);
      context_.run();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void perform(const std::function<void()>& task) {
    std::promise<void> done;
    asio::post(context_, [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (error) {
        // Out of descriptors, most likely: some will come back.
        retry_.expires_after(std::chrono::milliseconds(50));
        co_await retry_.async_wait(as_result);
        continue;
      }
      if (connections_ >= connections_max) continue;  // the socket closes as it leaves
      socket.set_option(tcp::no_delay(true), error);
      asio::co_spawn(context_, serve(beast::tcp_stream(std::move(socket))), asio::detached);
    }
  }

  asio::awaitable<void> serve(beast::tcp_stream stream) {
    const Counted connection(connections_, 1);
    error_code ignored;
    const auto peer = stream.socket().remote_endpoint(ignored);
    const bool from_loopback = !ignored && peer.address().is_loopback();
    beast::flat_buffer buffer(head_bytes_max + body_bytes_max);
    bool open = true;
    while (open) {
      open = co_await exchange(stream, buffer, from_loopback);
    }
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

  /// One request and its reply. Whether another may follow.
  asio::awaitable<bool> exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                 bool from_loopback) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(head_bytes_max));
    parser.body_limit(upload_bytes_max);
    stream.expires_after(idle_max);
    auto [head_error, head_bytes] =
        co_await http::async_read_header(stream, buffer, parser, as_result);
    if (head_error) {
      co_await send_refusal(stream, refusal_for(head_error));
      co_return false;
    }
    std::size_t announced = 0;
    if (auto refusal = admit(parser, announced)) {
      co_await send_refusal(stream, std::move(refusal));
      co_return false;
    }
    const Counted incoming(incoming_bytes_, announced);
    const bool body_read = co_await read_body(stream, buffer, parser);
    if (!body_read) co_return false;

    const bool keep_alive = parser.get().keep_alive();
    const auto request = request_of(parser, from_loopback);
    const auto delivery = service_->plan(request);
    if (delivery.delay > std::chrono::milliseconds(0)) {
      stream.expires_never();
      asio::steady_timer timer(context_, delivery.delay);
      co_await timer.async_wait(as_result);
    }
    const auto reply = service_->handle(request, delivery);
    if (delivery.close != CloseAt::never) co_return false;
    ReplyWriter writer(reply, delivery, request.method == "HEAD", keep_alive);
    const bool sent = co_await send(stream, writer);
    co_return sent&& keep_alive && !writer.must_close();
  }

  /// Refuses by the head alone what would be too much; counts what the body may come to.
  std::optional<Reply> admit(Parser& parser, std::size_t& announced) {
    const auto& head = parser.get();
    if (head.version() != 10 && head.version() != 11) return refuse(505, "The version is unknown");
    // RFC 9112 §3.2: exactly one Host in HTTP/1.1.
    if (head.version() == 11 && head.count(http::field::host) != 1) {
      return refuse(400, "One Host field is needed");
    }
    if (head.target().empty() || head.target().front() != '/') {
      return refuse(400, "The target must be a path");
    }
    const std::string_view target(head.target().data(), head.target().size());
    const bool large = takes_large_body(target.substr(0, target.find('?')));
    const auto limit = large ? upload_bytes_max : body_bytes_max;
    const auto length = parser.content_length();
    if (length && *length > limit) return refuse(413, "The body is too large");
    parser.body_limit(limit);
    announced = length ? static_cast<std::size_t>(*length) : parser.chunked() ? limit : 0;
    if (announced <= body_bytes_max) announced = 0;
    if (incoming_bytes_ + announced > incoming_bytes_max) {
      return refuse(503, "Too much is being uploaded at once");
    }
    return std::nullopt;
  }

  asio::awaitable<bool> read_body(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                  Parser& parser) {
    // RFC 9110 §10.1.1: the client waits for a word before it sends a large body.
    if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
      const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      stream.expires_after(stall_max);
      co_await asio::async_write(stream, asio::buffer(go_on), as_result);
    }
    while (!parser.is_done()) {
      stream.expires_after(stall_max);
      auto [error, bytes] = co_await http::async_read_some(stream, buffer, parser, as_result);
      if (error) {
        co_await send_refusal(stream, refusal_for(error));
        co_return false;
      }
    }
    co_return true;
  }

  asio::awaitable<void> send_refusal(beast::tcp_stream& stream, std::optional<Reply> refusal) {
    if (!refusal) co_return;
    ReplyWriter writer(*refusal, {}, false, false);
    co_await send(stream, writer);
    // What the peer still sends is read for a while, or a reset would overtake the refusal.
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    std::string sink(16 * 1024, '\0');
    for (int reads = 0; reads < 64; ++reads) {
      stream.expires_after(std::chrono::seconds(1));
      auto [error, bytes] = co_await stream.async_read_some(asio::buffer(sink), as_result);
      if (error) co_return;
    }
  }

  asio::awaitable<bool> send(beast::tcp_stream& stream, ReplyWriter& writer) {
    while (true) {
      const auto piece = writer.next();
      if (piece.empty()) co_return true;
      stream.expires_after(stall_max);
      auto [error, bytes] = co_await asio::async_write(stream, asio::buffer(piece), as_result);
      if (error) co_return false;
      if (writer.pause() > std::chrono::milliseconds(0)) {
        asio::steady_timer timer(context_, writer.pause());
        co_await timer.async_wait(as_result);
      }
    }
  }

  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  Service* service_ = nullptr;
  std::string address_;
  std::size_t connections_ = 0;
  std::size_t incoming_bytes_ = 0;
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(const std::string& address) {
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open(address); !opened) return failure_of(std::move(opened));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const {
  return impl_->address();
}
void Server::run(Service& service) {
  impl_->run(service);
}
void Server::perform(const std::function<void()>& task) {
  impl_->perform(task);
}

}  // namespace valetkey::emulator
