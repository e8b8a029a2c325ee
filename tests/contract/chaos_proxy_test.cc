// SPDX-License-Identifier: Apache-2.0
// The real servers and the proxy in front of them do what the tests that use them rely on.
#include "support/chaos_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "support/real_server.h"

namespace valetkey::contract {
namespace {

using support::ChaosProxy;
using support::RealServer;
using testing::HasSubstr;
using testing::StartsWith;

/// What comes back first for "version": "(silence)" when nothing does within a tenth of a second,
/// "(closed)" when the other side hangs up.
std::string version_through(const ChaosProxy& proxy) {
  const auto connection = support::connect_to(proxy.port());
  const std::string question = "version\r\n";
  ::send(connection.get(), question.data(), question.size(), MSG_NOSIGNAL);
  pollfd ready{.fd = connection.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, 200) == 0) return "(silence)";
  std::array<char, 256> block{};
  const auto count = ::recv(connection.get(), block.data(), block.size(), 0);
  return count <= 0 ? "(closed)" : std::string(block.data(), static_cast<std::size_t>(count));
}

TEST(RealServer, IsGoneAfterKillAndBackAfterRestart) {
  for (const auto kind : {RealServer::Kind::memcached, RealServer::Kind::redis}) {
    for (const auto listens : {RealServer::Listens::port, RealServer::Listens::unix_socket}) {
      RealServer server(kind, listens);
      const std::string question = kind == RealServer::Kind::memcached ? "version\r\n" : "PING\r\n";
      const auto port = server.port();
      EXPECT_FALSE(server.ask(question).empty());

      server.kill();
      EXPECT_EQ(server.ask(question), "");
      server.restart();

      EXPECT_FALSE(server.ask(question).empty());
      EXPECT_EQ(server.port(), port);
      server.flush();
    }
  }
}

TEST(RealServer, TakesFurtherArguments) {
  const RealServer server(RealServer::Kind::redis, RealServer::Listens::port,
                          {"--requirepass", "word"});

  EXPECT_THAT(server.ask("PING\r\n"), StartsWith("-NOAUTH"));
}

TEST(RealServer, AnswersNothingWhileStopped) {
  RealServer server(RealServer::Kind::memcached);

  server.stop();
  EXPECT_EQ(server.ask("version\r\n"), "");
  server.resume();

  EXPECT_THAT(server.ask("version\r\n"), StartsWith("VERSION"));
}

TEST(ChaosProxy, HandsOnAndRemembersBothDirections) {
  const RealServer server(RealServer::Kind::memcached);
  const ChaosProxy proxy(server.port());

  EXPECT_THAT(version_through(proxy), StartsWith("VERSION"));

  EXPECT_EQ(proxy.said_to_server(), "version\r\n");
  EXPECT_THAT(proxy.said_to_clients(), StartsWith("VERSION"));
}

TEST(ChaosProxy, MisbehavesAsItIsTold) {
  const RealServer server(RealServer::Kind::memcached, RealServer::Listens::unix_socket);
  ChaosProxy proxy(0, server.socket_path());

  proxy.set_mode(ChaosProxy::Mode::trickle);
  EXPECT_EQ(version_through(proxy), "V");
  proxy.set_mode(ChaosProxy::Mode::silent);
  EXPECT_EQ(version_through(proxy), "(silence)");
  proxy.set_mode(ChaosProxy::Mode::garbage);
  EXPECT_THAT(version_through(proxy), HasSubstr("rubbish"));
  proxy.set_rubbish("other");
  EXPECT_EQ(version_through(proxy), "other");
  proxy.set_mode(ChaosProxy::Mode::close);
  EXPECT_EQ(version_through(proxy), "(closed)");
  proxy.set_mode(ChaosProxy::Mode::pass);
  EXPECT_THAT(version_through(proxy), StartsWith("VERSION"));
}

}  // namespace
}  // namespace valetkey::contract
