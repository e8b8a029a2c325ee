// SPDX-License-Identifier: Apache-2.0
#include "oauth/form.h"

#include <array>

#include "base/text.h"

namespace valetkey::oauth {
namespace {

constexpr bool is_unreserved(char letter) noexcept {
  const char lower = base::to_lower(letter);
  return (lower >= 'a' && lower <= 'z') || base::is_digit(letter) || letter == '-' ||
         letter == '.' || letter == '_' || letter == '~';
}

constexpr std::array<char, 3> escape_of(char letter) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(letter);
  return {'%', digits[byte >> 4U], digits[byte & 0xFU]};
}

}  // namespace

void append_form_encoded(SecretBuilder& to, std::string_view value) {
  for (const char letter : value) {
    if (is_unreserved(letter)) {
      to.append(letter);
    } else if (letter == ' ') {
      to.append('+');
    } else {
      const auto escape = escape_of(letter);
      to.append(std::string_view(escape.data(), escape.size()));
    }
  }
}

FormWriter& FormWriter::add(std::string_view name, std::string_view value) {
  if (body_.size() != 0) body_.append('&');
  append_form_encoded(body_, name);
  body_.append('=');
  append_form_encoded(body_, value);
  return *this;
}

FormWriter& FormWriter::add(std::string_view name, const Secret& value) {
  value.reveal([&](std::string_view text) { add(name, text); });
  return *this;
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char letter : text) {
    if (is_unreserved(letter)) {
      encoded += letter;
    } else {
      const auto escape = escape_of(letter);
      encoded.append(escape.data(), escape.size());
    }
  }
  return encoded;
}

}  // namespace valetkey::oauth
