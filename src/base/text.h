// SPDX-License-Identifier: Apache-2.0
#pragma once
// ASCII text: what the protocols here are made of. Locale plays no part.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace valetkey::base {

constexpr char to_lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
constexpr bool is_digit(char letter) noexcept {
  return letter >= '0' && letter <= '9';
}

[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// Pieces between separators; empty pieces are left out.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string joined(const std::vector<std::string>& pieces, std::string_view between);
[[nodiscard]] bool all_digits(std::string_view text) noexcept;

/// A stranger's words made fit for a log or a terminal: printable ASCII, cut short.
[[nodiscard]] std::string printable(std::string_view text, std::size_t length_max = 200);

/// The whole of `text` as a decimal number; nothing when it is anything else.
template <class Number = std::int64_t>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace valetkey::base
