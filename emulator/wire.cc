// SPDX-License-Identifier: Apache-2.0
#include "emulator/wire.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace valetkey::emulator {
namespace {

std::optional<unsigned> hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
  if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a') + 10U;
  if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A') + 10U;
  return std::nullopt;
}

std::string decode_piece(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      plain += ' ';
      continue;
    }
    if (text[at] == '%' && at + 2 < text.size()) {
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (high && low) {
        plain += static_cast<char>(*high * 16U + *low);
        at += 2;
        continue;
      }
    }
    plain += text[at];
  }
  return plain;
}

/// The value of `; name=value` or `; name="value"` in a header's parameters.
std::string find_parameter(std::string_view header, std::string_view name) {
  for (auto piece : base::split(header, ';')) {
    piece = base::trimmed(piece);
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    if (!base::equal_ignoring_case(base::trimmed(piece.substr(0, equals)), name)) continue;
    auto value = base::trimmed(piece.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return {};
}

std::optional<Part> parse_part(std::string_view text) {
  const auto blank = text.find("\r\n\r\n");
  if (blank == std::string_view::npos) return std::nullopt;
  Part part;
  std::string_view head = text.substr(0, blank + 2);
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    if (!base::equal_ignoring_case(line.substr(0, colon), "content-disposition")) continue;
    part.name = find_parameter(line.substr(colon + 1), "name");
    part.filename = find_parameter(line.substr(colon + 1), "filename");
  }
  part.body = std::string(text.substr(blank + 4));
  return part;
}

}  // namespace

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& field : fields) {
    if (!base::equal_ignoring_case(field.name, name)) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

std::optional<std::string> Form::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name && !value.empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::string> Form::repeated() const {
  std::set<std::string_view> seen;
  for (const auto& pair : pairs_) {
    if (!seen.insert(pair.first).second) return pair.first;
  }
  return std::nullopt;
}

std::optional<Form> decode_form(std::string_view text) {
  Form form;
  for (const auto piece : base::split(text, '&')) {
    if (form.pairs().size() == form_fields_max) return std::nullopt;
    const auto equals = std::min(piece.find('='), piece.size());
    form.add(decode_piece(piece.substr(0, equals)),
             decode_piece(piece.substr(std::min(equals + 1, piece.size()))));
  }
  return form;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const bool plain = base::is_digit(letter) || (letter >= 'a' && letter <= 'z') ||
                       (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '.' ||
                       letter == '_' || letter == '~';  // RFC 3986 §2.3
    if (plain) {
      encoded += letter;
      continue;
    }
    const auto octet = static_cast<unsigned char>(letter);
    encoded += '%';
    encoded += hex[octet >> 4U];
    encoded += hex[octet & 15U];
  }
  return encoded;
}

std::string escape_html(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

Bearer parse_bearer(const Fields& fields) {
  const auto value = find_field(fields, "authorization");
  if (!value) return {};
  const auto text = base::trimmed(*value);
  const auto space = std::min(text.find(' '), text.size());
  if (!base::equal_ignoring_case(text.substr(0, space), "bearer")) {
    return {.form = Bearer::Form::not_bearer};
  }
  const auto token = base::trimmed(text.substr(space));
  if (token.empty()) return {.form = Bearer::Form::empty};
  return {.form = Bearer::Form::token, .token = std::string(token)};
}

std::optional<std::vector<Part>> parse_multipart(std::string_view content_type,
                                                 std::string_view body) {
  if (!base::equal_ignoring_case(content_type.substr(0, 10), "multipart/")) return std::nullopt;
  const auto boundary = find_parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) return std::nullopt;  // RFC 2046 §5.1.1
  const std::string delimiter = "--" + boundary;

  auto at = body.find(delimiter);
  if (at == std::string_view::npos) return std::nullopt;
  std::vector<Part> parts;
  while (true) {
    at += delimiter.size();
    if (body.substr(at, 2) == "--") return parts;
    if (body.substr(at, 2) != "\r\n") return std::nullopt;
    const auto end = body.find("\r\n" + delimiter, at);
    if (end == std::string_view::npos) return std::nullopt;
    if (parts.size() == multipart_parts_max) return std::nullopt;
    auto part = end < at + 2 ? std::nullopt : parse_part(body.substr(at + 2, end - at - 2));
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    at = end + 2;
  }
}

std::vector<std::string_view> segments_of(std::string_view path) {
  return base::split(path, '/');
}

}  // namespace valetkey::emulator
