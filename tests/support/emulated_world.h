// SPDX-License-Identifier: Apache-2.0
#pragma once
// A client and an emulator that talk over a real socket.

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "emulator/emulator.h"
#include "support/temp_directory.h"
#include "support/test_token.h"
#include "valetkey/client.h"

namespace valetkey::support {

struct EmulatedWorld {
  explicit EmulatedWorld(emulator::Options options = {}) {
    auto started = emulator::Emulator::start(std::move(options));
    EXPECT_TRUE(started) << (started ? "" : started.error().context);
    emulator = std::move(*started);
    const auto written = emulator->write_config(directory.path());
    EXPECT_TRUE(written) << (written ? "" : written.error().context);
  }

  Client open(const std::string& file = "valetkey.toml", ClientParts parts = {}) {
    auto config = load_config(directory.path() + "/" + file);
    EXPECT_TRUE(config) << (config ? "" : config.error().context);
    config->http.timeout = http_timeout;
    auto client = Client::make(std::move(*config), std::move(parts));
    EXPECT_TRUE(client) << (client ? "" : client.error().context);
    return std::move(*client);
  }

  boost::json::object ledger() const {
    return boost::json::parse(emulator->ledger_json()).as_object();
  }
  std::int64_t token_requests() const {
    return ledger().at("token_requests").at("total").as_int64();
  }
  std::size_t live_tokens() const { return ledger().at("live_tokens").as_array().size(); }
  bool lives(const AccessToken& token) const {
    const auto now = ledger();
    for (const auto& one : now.at("live_tokens").as_array()) {
      if (std::string_view(one.as_string()) == token.fingerprint().text()) return true;
    }
    return false;
  }
  void fault(const std::string& action, int times, const std::string& path = "/oauth2/token") {
    const auto added =
        emulator->add_faults(R"([{"match":{"path":")" + path + R"("},"times":)" +
                             std::to_string(times) + R"(,"action":)" + action + "}]");
    EXPECT_TRUE(added) << (added ? "" : added.error().context);
  }

  TempDirectory directory;
  std::unique_ptr<emulator::Emulator> emulator;
  std::chrono::milliseconds http_timeout{30'000};
};

inline ApiCall call_with(TokenRequest token, std::string method, std::string target) {
  ApiCall call;
  call.token = std::move(token);
  call.method = std::move(method);
  call.target = std::move(target);
  return call;
}

}  // namespace valetkey::support
