// SPDX-License-Identifier: Apache-2.0
#pragma once
// memcached's text protocol, the part that a SharedStore needs: questions to bytes, bytes to
// answers.
//
// The answers are read here and not by libmemcached, because what a cache server says must never
// harm the process that holds the secrets. libmemcached 1.1.4 ends the process (an assertion) when
// a server answers `add` with END, takes an error for "nothing there", writes past its stack in the
// binary protocol, and knows no deadline for an answer that comes byte by byte.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/shared_store.h"

namespace valetkey::cache {

/// "gets one two\r\n"
[[nodiscard]] std::string format_gets(const std::vector<std::string_view>& names);
/// The line before the bytes of a value: "cas name 0 life size cas\r\n", or "add …" without a
/// `cas`.
[[nodiscard]] std::string format_store(std::string_view name, std::uint64_t life_s,
                                       std::size_t size, std::optional<std::uint64_t> cas);

inline constexpr std::string_view stats_question = "stats\r\n";

/// Where the bytes of an answer come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// At least one byte, as many as there are.
  [[nodiscard]] virtual Result<std::size_t> read_some(char* to, std::size_t room) = 0;
};

struct MemcachedValue {
  Secret bytes{};
  std::uint64_t cas = 0;
};

/// What of `stats` matters. What a server does not tell is absent.
struct MemcachedStats {
  std::optional<std::int64_t> time_s{};  ///< since 1970
  std::optional<std::int64_t> uptime_s{};
  std::optional<std::int64_t> process{};
};

/// Reads answers, each of which must end where the next begins: after an error nothing more is to
/// be read. Errors: the source's; malformed_response; exhausted and access_denied when the server
/// says so.
class MemcachedReader {
 public:
  explicit MemcachedReader(ByteSource& source) : source_(source) {}

  /// One for each of the names that were asked for, in their order.
  [[nodiscard]] Result<std::vector<std::optional<MemcachedValue>>> read_values(
      const std::vector<std::string_view>& names);
  /// Whether it was stored.
  [[nodiscard]] Result<bool> read_stored();
  [[nodiscard]] Result<MemcachedStats> read_stats();

  /// Whether bytes came that no answer has claimed.
  [[nodiscard]] bool has_leftover() const noexcept { return begin_ != end_; }

 private:
  Result<std::string_view> read_line();
  Result<MemcachedValue> read_value(std::string_view fields);
  Result<void> read_exactly(char* to, std::size_t size);
  Result<void> fill();

  ByteSource& source_;
  std::array<char, 4096> block_{};
  std::size_t begin_ = 0;  ///< of what is unread in the block
  std::size_t end_ = 0;
};

}  // namespace valetkey::cache
