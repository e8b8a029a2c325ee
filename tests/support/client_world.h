// SPDX-License-Identifier: Apache-2.0
#pragma once
// A client whose network is a script and whose clock is a fake: exact, and with no waiting.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "crypto/random.h"
#include "support/fake_clock.h"
#include "support/scripted_transport.h"
#include "support/temp_directory.h"
#include "valetkey/client.h"

namespace valetkey::support {

inline std::string token_body(const std::string& value, int expires_in = 3600) {
  return R"({"access_token":")" + value + R"(","expires_in":)" + std::to_string(expires_in) +
         R"(,"restricted_to":[],"token_type":"bearer"})";
}

struct ClientWorld {
  ClientWorld() {
    ProviderConfig box;
    box.name = "box";
    box.grant = "client_credentials";
    box.client_id = "client-id";
    box.client_secret = {"file:" + directory.write("box.secret", secret)};
    box.enterprise_id = "777";
    config.providers.push_back(std::move(box));
  }

  Client open() {
    auto made = Client::make(
        config, {.clock = clock, .transport = transport, .jitter = [] { return 0.0; }});
    EXPECT_TRUE(made) << (made ? "" : made.error().context);
    return std::move(*made);
  }

  Deadline in(std::chrono::nanoseconds from_now) const { return {clock->now() + from_now}; }

  TempDirectory directory;
  std::string secret = crypto::random_alphanumerics(32);
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  std::shared_ptr<ScriptedTransport> transport = std::make_shared<ScriptedTransport>(*clock);
  Config config;
};

/// Runs `work`, and moves the clock by `step` whenever `waiters` threads wait for it: the caller on
/// its flight, and the flight between two attempts.
template <class Work>
auto with_time_running(FakeClock& clock, std::size_t waiters, std::chrono::nanoseconds step,
                       Work work) {
  std::atomic<bool> is_done{false};
  std::thread hand([&] {
    while (!is_done) {
      if (clock.waiters() >= waiters) clock.advance(step);
      std::this_thread::yield();
    }
  });
  auto result = work();
  is_done = true;
  hand.join();
  return result;
}

}  // namespace valetkey::support
