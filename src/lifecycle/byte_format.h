// SPDX-License-Identifier: Apache-2.0
#pragma once
// How numbers and texts lie in a value of a shared cache: big-endian, each text behind its length.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "valetkey/secret.h"
#include "valetkey/time.h"
#include "valetkey/token.h"

namespace valetkey::lifecycle {

/// What two machines agree on: an Instant of this one plus this is the same number everywhere.
/// Instants themselves mean nothing outside one boot of one machine.
using ClockOffset = std::chrono::nanoseconds;

/// Only valetkey can seal a value so that it opens. What then is unreadable, another version wrote.
inline constexpr const char* another_version_hint =
    "another version of valetkey uses the same cache servers: update all of them, or give each "
    "version servers of its own";

class ByteWriter {
 public:
  explicit ByteWriter(ClockOffset offset) : offset_(offset) {}

  void put(std::uint64_t number);
  void put(std::string_view text);
  void put(const Secret& secret);
  void put(Instant instant);
  void put(const Fingerprint& fingerprint) { put(fingerprint.text()); }
  void put_flag(bool flag) { put(std::uint64_t{flag ? 1U : 0U}); }
  template <class Value>
  void put(const std::optional<Value>& value) {
    put_flag(value.has_value());
    if (value) put(*value);
  }

  [[nodiscard]] Secret take() { return built_.take(); }

 private:
  const ClockOffset offset_;
  SecretBuilder built_{};
};

/// Reads what ByteWriter wrote. Once anything is wrong everything that follows is empty, and
/// `whole` says so at the end: a caller checks once.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, ClockOffset offset) : rest_(bytes), offset_(offset) {}

  [[nodiscard]] std::uint64_t number();
  /// The view ends with the bytes that are read.
  [[nodiscard]] std::string_view text(std::size_t bytes_max);
  [[nodiscard]] Instant instant();
  [[nodiscard]] Fingerprint fingerprint();
  [[nodiscard]] bool flag();
  /// A number that is at most `max`; more is wrong.
  [[nodiscard]] std::size_t count(std::size_t max);
  void fail() { broken_ = true; }

  /// Nothing was wrong so far.
  [[nodiscard]] bool good() const noexcept { return !broken_; }
  /// Nothing was wrong, and nothing is left.
  [[nodiscard]] bool whole() const noexcept { return !broken_ && rest_.empty(); }

 private:
  std::string_view rest_;
  const ClockOffset offset_;
  bool broken_ = false;
};

void put_subject(ByteWriter& to, const Subject& subject);
[[nodiscard]] Subject read_subject(ByteReader& from);

}  // namespace valetkey::lifecycle
