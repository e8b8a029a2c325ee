// SPDX-License-Identifier: Apache-2.0
#include "http/header_lines.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace valetkey::http {
namespace {

using namespace std::string_view_literals;

// RFC 9110 §5.6.2: the characters of a token, which a field name is.
bool is_token_letter(char letter) {
  return base::is_digit(letter) ||
         (base::to_lower(letter) >= 'a' && base::to_lower(letter) <= 'z') ||
         "!#$%&'*+-.^_`|~"sv.contains(letter);
}

bool is_field_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_letter);
}

// SECURITY: RFC 9110 §5.5: a line break inside a value would begin a header of the attacker's own.
bool is_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char letter) {
    return letter == '\r' || letter == '\n' || letter == '\0';
  });
}

}  // namespace

void HeaderLines::add(Secret line) {
  lines_.push_back(std::move(line));
  char* const text = lines_.back().reveal(
      // curl's list has a mutable pointer and does not write through it.
      [](std::string_view bytes) { return const_cast<char*>(bytes.data()); });
  nodes_.push_back(curl_slist{text, nullptr});
  if (nodes_.size() > 1) nodes_[nodes_.size() - 2].next = &nodes_.back();
}

void HeaderLines::add_field(std::string_view name, std::string_view value) {
  SecretBuilder line(name.size() + value.size() + 3);
  line.append(name);
  // "Name:" would take a header away from curl's own; "Name;" is its spelling for an empty value.
  line.append(value.empty() ? ";"sv : ": "sv).append(value).append('\0');
  add(line.take());
}

Result<HeaderLines> HeaderLines::make(const HttpRequest& request) {
  HeaderLines lines;
  for (const auto& header : request.headers) {
    if (!is_field_name(header.name) || !is_field_value(header.value)) {
      return fail(Errc::invalid_argument,
                  "the header \"" + base::printable(header.name, 40) + "\" is malformed");
    }
    lines.add_field(header.name, header.value);
  }
  if (!request.authorization.empty()) {
    const bool sound = request.authorization.reveal(is_field_value);
    if (!sound) return fail(Errc::invalid_argument, "the Authorization header is malformed");
    request.authorization.reveal(
        [&](std::string_view value) { lines.add_field("Authorization", value); });
  }
  // Without an answer to it, a second would be lost before each upload.
  lines.add(Secret("Expect:\0"sv));
  return lines;
}

}  // namespace valetkey::http
