// SPDX-License-Identifier: Apache-2.0
#include "support/real_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace valetkey::support {
namespace {

constexpr int pause_ms = 5;
constexpr int pauses_max = 4000;  // twenty seconds: the machine may be busy with other tests
constexpr int answer_ms = 1000;
constexpr int ports_tried_max = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Address>
sockaddr* raw(Address& address) {
  return static_cast<sockaddr*>(static_cast<void*>(&address));
}

/// Between two attempts to reach a server that is about to listen.
void pause_a_little() {
  ::poll(nullptr, 0, pause_ms);
}

}  // namespace

std::uint16_t free_port() {
  const base::Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listening.get(), raw(address), size), 0);
  EXPECT_EQ(::getsockname(listening.get(), raw(address), &size), 0);
  return ntohs(address.sin_port);
}

base::Descriptor connect_to(std::uint16_t port, const std::string& socket_path) {
  const int family = socket_path.empty() ? AF_INET : AF_UNIX;
  base::Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int refused = 0;
  if (socket_path.empty()) {
    sockaddr_in address = loopback(port);
    refused = ::connect(socket.get(), raw(address), sizeof address);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(socket_path.begin(), socket_path.end(), std::begin(address.sun_path));
    refused = ::connect(socket.get(), raw(address), sizeof address);
  }
  return refused != 0 ? base::Descriptor() : std::move(socket);
}

RealServer::RealServer(Kind kind, Listens listens, std::vector<std::string> arguments)
    : kind_(kind), arguments_(std::move(arguments)) {
  if (listens == Listens::unix_socket) socket_path_ = directory_.path() + "/server.sock";
  for (int tried = 0; tried < ports_tried_max; ++tried) {
    if (socket_path_.empty()) port_ = free_port();
    spawn();
    if (answers_soon()) return;
    kill();  // somebody else was quicker to take the port
  }
  ADD_FAILURE() << command_line().front() << " does not start: " << output();
}

RealServer::~RealServer() {
  kill();
}

void RealServer::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RealServer::restart() {
  kill();
  for (int tried = 0; tried < ports_tried_max; ++tried) {
    spawn();
    if (answers_soon()) return;
    kill();
  }
  ADD_FAILURE() << command_line().front() << " does not start again: " << output();
}

std::string RealServer::output() const {
  std::ifstream file(directory_.path() + "/output", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void RealServer::stop() {
  ::kill(process_, SIGSTOP);
  int status = 0;
  ::waitpid(process_, &status, WUNTRACED);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void RealServer::resume() {
  ::kill(process_, SIGCONT);
  EXPECT_TRUE(answers_soon());
}

std::string RealServer::ask(std::string_view request) const {
  const base::Descriptor connection = connect_to(port_, socket_path_);
  if (!connection) return {};
  if (::send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  pollfd ready{.fd = connection.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, answer_ms) != 1) return {};
  std::array<char, 4096> block{};
  const auto count = ::recv(connection.get(), block.data(), block.size(), 0);
  return count <= 0 ? std::string() : std::string(block.data(), static_cast<std::size_t>(count));
}

void RealServer::flush() {
  const std::string answer = kind_ == Kind::memcached ? ask("flush_all\r\n") : ask("FLUSHALL\r\n");
  EXPECT_TRUE(answer == "OK\r\n" || answer == "+OK\r\n") << answer;
}

std::vector<std::string> RealServer::command_line() const {
  std::vector<std::string> words;
  if (kind_ == Kind::memcached) {
    words = {"memcached", "-U", "0", "-t", "2"};
    if (socket_path_.empty()) {
      words.insert(words.end(), {"-l", "127.0.0.1", "-p", std::to_string(port_)});
    } else {
      words.insert(words.end(), {"-s", socket_path_});
    }
    if (::geteuid() == 0) words.insert(words.end(), {"-u", "root"});  // it refuses otherwise
  } else {
    words = {"redis-server",
             "--save",
             "",
             "--appendonly",
             "no",
             "--dir",
             directory_.path(),
             "--bind",
             "127.0.0.1",
             "--port",
             std::to_string(port_)};
    if (!socket_path_.empty()) words.insert(words.end(), {"--unixsocket", socket_path_});
  }
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  return words;
}

void RealServer::spawn() {
  const auto words = command_line();
  std::vector<char*> arguments;
  for (const auto& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string output = directory_.path() + "/output";
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ != 0) return;
  // Only what is safe after a fork in a program with threads.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the test died before the line above
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

bool RealServer::answers_soon() {
  // Redis answers this before a password, if only to ask for one.
  const std::string_view question = kind_ == Kind::memcached ? "version\r\n" : "PING\r\n";
  for (int paused = 0; paused < pauses_max && !ended(); ++paused) {
    const std::string answer = ask(question);
    const bool is_ready = !answer.empty() && !answer.starts_with("-LOADING");
    if (is_ready) return !ended();
    pause_a_little();
  }
  return false;
}

bool RealServer::ended() {
  if (process_ <= 0) return true;
  if (::waitpid(process_, nullptr, WNOHANG) == 0) return false;
  process_ = -1;
  return true;
}

}  // namespace valetkey::support
