// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>

namespace valetkey::base {

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const auto at = std::min(text.find(separator), text.size());
    if (at != 0) pieces.push_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces, std::string_view between) {
  std::string whole;
  for (const auto& piece : pieces) {
    if (!whole.empty()) whole += between;
    whole += piece;
  }
  return whole;
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string printable(std::string_view text, std::size_t length_max) {
  std::string shown;
  for (const char letter : text.substr(0, length_max)) {
    shown += letter >= ' ' && letter <= '~' ? letter : '?';
  }
  if (text.size() > length_max) shown += "...";
  return shown;
}

}  // namespace valetkey::base
