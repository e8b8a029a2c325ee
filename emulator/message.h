// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP messages as the emulator's handlers see them, and how a reply is to travel.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace valetkey::emulator {

struct Field {
  std::string name{};
  std::string value{};
};
using Fields = std::vector<Field>;

/// The only field of that name; nothing when it is absent or there are several.
[[nodiscard]] std::optional<std::string_view> find_field(const Fields& fields,
                                                         std::string_view name);

struct Request {
  std::string method{};
  std::string path{};   ///< as sent, up to the question mark
  std::string query{};  ///< as sent, after the question mark
  Fields fields{};
  std::string body{};
  bool from_loopback = false;
};

struct Reply {
  int status = 200;
  Fields fields{};
  std::string body{};
  std::shared_ptr<const std::string> content{};  ///< instead of `body`; shared with the file itself
};

enum class CloseAt : std::uint8_t { never, before, after };

/// What a fault does to one exchange. As made: nothing.
struct Delivery {
  std::chrono::milliseconds delay{0};     ///< before anything is done
  CloseAt close = CloseAt::never;         ///< `after`: all is done, and no byte of it is said
  std::optional<Reply> instead{};         ///< said in place of the reply
  bool commit = false;                    ///< with `instead`: all is done all the same
  bool malformed = false;                 ///< the body is replaced by half a JSON object
  std::optional<std::size_t> truncate{};  ///< so many bytes of the body, then the connection ends
  std::chrono::milliseconds slow_per_byte{0};
  std::size_t huge_bytes = 0;  ///< the body is replaced by one of that size

  /// Whether the request reaches its handler.
  [[nodiscard]] bool handles() const noexcept {
    return close != CloseAt::before && (!instead || commit);
  }
};

}  // namespace valetkey::emulator
