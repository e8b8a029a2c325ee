// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request's header fields as curl takes them, kept in secret memory.

#include <curl/curl.h>

#include <deque>
#include <string_view>

#include "valetkey/http.h"

namespace valetkey::http {

/// A curl_slist whose strings are Secrets: curl reads them where they are and copies none.
class HeaderLines {
 public:
  /// Errors: invalid_argument when a name or value could smuggle in another line.
  [[nodiscard]] static Result<HeaderLines> make(const HttpRequest& request);

  /// Lifetime: dies with this object.
  [[nodiscard]] curl_slist* list() noexcept { return nodes_.empty() ? nullptr : &nodes_.front(); }

 private:
  void add(Secret line);
  void add_field(std::string_view name, std::string_view value);

  std::deque<Secret> lines_;  // deques, because nodes point at one another and at the lines
  std::deque<curl_slist> nodes_;
};

}  // namespace valetkey::http
