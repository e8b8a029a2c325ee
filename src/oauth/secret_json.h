// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads JSON objects that may hold secrets, in memory that is wiped.

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::oauth {

/// How a document is called in an error, and what kind of error it is.
struct JsonSource {
  Errc code = Errc::malformed_response;
  std::string_view what{};  ///< "token response"
  std::size_t bytes_max = 0;
};

/// One object, with no member twice at any depth (RFC 8259 §4 leaves open which one counts).
///
/// Errors: `source.code`, when the text is longer or deeper than allowed, no JSON, not UTF-8, or no
/// object.
[[nodiscard]] Result<boost::json::object> parse_secret_json(const Secret& text,
                                                            const JsonSource& source);

[[nodiscard]] const boost::json::value* find_member(const boost::json::object& object,
                                                    std::string_view name);
/// Absent and null are empty. Errors: `source.code` when it is no string, or longer than allowed.
[[nodiscard]] Result<std::string_view> find_text(const boost::json::object& object,
                                                 std::string_view name, const JsonSource& source);
/// A member that is an array of strings; empty when absent. Errors: as find_text.
[[nodiscard]] Result<std::vector<std::string>> find_texts(const boost::json::object& object,
                                                          std::string_view name,
                                                          const JsonSource& source);
[[nodiscard]] std::string_view text_in(const boost::json::value& value);

}  // namespace valetkey::oauth
