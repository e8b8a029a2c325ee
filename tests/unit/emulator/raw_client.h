// SPDX-License-Identifier: Apache-2.0
#pragma once
// The smallest HTTP client that can say anything at all, right or wrong, byte by byte.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace valetkey::emulator::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;  ///< 0: the connection ended without a whole head
  Headers headers{};
  std::string body{};
  std::size_t announced = 0;  ///< Content-Length

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (base::equal_ignoring_case(key, name)) return value;
    }
    return {};
  }
  [[nodiscard]] boost::json::object json() const {
    boost::json::error_code error;
    const auto value = boost::json::parse(body, error);
    return !error && value.is_object() ? value.get_object() : boost::json::object{};
  }
  /// A string member; empty when there is none.
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto object = json();
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }
};

class RawConnection {
 public:
  /// `base_url` is "http://127.0.0.1:PORT".
  explicit RawConnection(std::string_view base_url) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto port = base_url.substr(base_url.rfind(':') + 1);
    address.sin_port = htons(base::parse_number<std::uint16_t>(port).value_or(0));
    timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const void* const erased = &address;
    connected_ = ::connect(socket_, static_cast<const sockaddr*>(erased), sizeof address) == 0;
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection() { ::close(socket_); }

  [[nodiscard]] bool connected() const { return connected_; }
  void half_close() const { ::shutdown(socket_, SHUT_WR); }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// One reply: as much of its body as comes, up to what it announces.
  Answer read(bool head_only = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return answer;
    }
    parse_head(std::string_view(held_).substr(0, end + 2), answer);
    held_.erase(0, end + 4);
    answer.announced = base::parse_number<std::size_t>(answer.header("content-length")).value_or(0);
    while (!head_only && held_.size() < answer.announced && more()) {
    }
    answer.body = held_.substr(0, head_only ? 0 : answer.announced);
    held_.erase(0, answer.body.size());
    return answer;
  }

 private:
  bool more() {
    char bytes[64 * 1024];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    held_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  static void parse_head(std::string_view head, Answer& answer) {
    bool first = true;
    while (!head.empty()) {
      const auto line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      if (first) {
        answer.status = base::parse_number<int>(line.substr(9, 3)).value_or(0);
        first = false;
        continue;
      }
      const auto colon = line.find(':');
      answer.headers.emplace_back(line.substr(0, colon), base::trimmed(line.substr(colon + 1)));
    }
  }

  int socket_;
  bool connected_ = false;
  std::string held_;
};

inline std::string format_request(std::string_view method, std::string_view target,
                                  const Headers& headers, std::string_view body) {
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const auto& [name, value] : headers)
    text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + std::string(body);
}

/// One request on a connection of its own.
inline Answer ask(std::string_view base_url, std::string_view method, std::string_view target,
                  const Headers& headers = {}, std::string_view body = {}) {
  RawConnection connection(base_url);
  connection.write(format_request(method, target, headers, body));
  return connection.read(method == "HEAD");
}

/// Bytes as they are, and whatever comes back.
inline Answer ask_raw(std::string_view base_url, std::string_view bytes) {
  RawConnection connection(base_url);
  connection.write(bytes);
  return connection.read();
}

}  // namespace valetkey::emulator::test
