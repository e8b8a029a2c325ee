// SPDX-License-Identifier: Apache-2.0
#include "valetkey/http.h"

#include "base/text.h"

namespace valetkey {

std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers,
                                            std::string_view name) {
  for (const auto& header : headers) {
    if (base::equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

}  // namespace valetkey
