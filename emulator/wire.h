// SPDX-License-Identifier: Apache-2.0
#pragma once
// The emulator's own readers of what comes over the wire. They share no line with the client's
// writers: a wrong encoder must not agree with itself.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/message.h"

namespace valetkey::emulator {

inline constexpr std::size_t form_fields_max = 200;
inline constexpr std::size_t multipart_parts_max = 16;

/// Decoded name-value pairs of a form body or of a query.
class Form {
 public:
  /// RFC 6749 §3.2: a parameter without a value counts as omitted, so it is not found.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  /// The first name that appears twice: RFC 6749 §3.2 allows none.
  [[nodiscard]] std::optional<std::string> repeated() const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& pairs() const {
    return pairs_;
  }

  void add(std::string name, std::string value) {
    pairs_.emplace_back(std::move(name), std::move(value));
  }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// Splits at `&` and at the first `=`; decodes `+` and `%XX`. Raw spaces, colons, slashes, question
/// marks and equals signs stand for themselves (some clients do not encode), and so does a percent
/// sign without two hex digits. Nothing when there are more than `form_fields_max` fields.
[[nodiscard]] std::optional<Form> decode_form(std::string_view text);

[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] std::string escape_html(std::string_view text);

/// What an Authorization header holds.
struct Bearer {
  enum class Form { absent, not_bearer, empty, token };
  Form form = Form::absent;
  std::string token{};
};

/// RFC 6750 §2.1; the scheme compares without case (RFC 9110 §11.1).
[[nodiscard]] Bearer parse_bearer(const Fields& fields);

struct Part {
  std::string name{};
  std::string filename{};
  std::string body{};
};

/// RFC 7578. Nothing when the type names no boundary or the body does not keep to it.
[[nodiscard]] std::optional<std::vector<Part>> parse_multipart(std::string_view content_type,
                                                               std::string_view body);

/// Segments of a path between slashes, without empty ones.
[[nodiscard]] std::vector<std::string_view> segments_of(std::string_view path);

}  // namespace valetkey::emulator
