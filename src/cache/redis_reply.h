// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a Redis server says, and what its refusals mean to us.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"

namespace valetkey::cache {

struct RedisReply {
  enum class Kind : std::uint8_t { text, status, refusal, number, nothing, list };

  Kind kind = Kind::nothing;
  std::string text{};  ///< of a text, a status or a refusal
  long long number = 0;
  std::vector<RedisReply> list{};

  [[nodiscard]] bool is(Kind other) const noexcept { return kind == other; }
  /// Whether it is a refusal that begins with this word: "NOSCRIPT".
  [[nodiscard]] bool refuses(std::string_view word) const noexcept;
};

struct RedisRefusal {
  Error error;
  /// Whatever we ask now will be refused, so the server is as good as away. Otherwise only this
  /// command, this name or this user's right is concerned.
  bool of_everything = false;
};

/// Reads a reply whose kind is `refusal`. `server`: its description, for the message.
[[nodiscard]] RedisRefusal refusal_of(const RedisReply& reply, std::string_view server);

}  // namespace valetkey::cache
