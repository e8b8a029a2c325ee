// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes form bodies in memory that is wiped.

#include <string>
#include <string_view>

#include "valetkey/secret.h"

namespace valetkey::oauth {

/// application/x-www-form-urlencoded, as RFC 6749 Appendix B has it.
class FormWriter {
 public:
  FormWriter& add(std::string_view name, std::string_view value);
  FormWriter& add(std::string_view name, const Secret& value);

  /// The body so far; the writer is empty afterwards.
  [[nodiscard]] Secret take() { return body_.take(); }

 private:
  SecretBuilder body_;
};

/// One value in the same encoding, still secret.
void append_form_encoded(SecretBuilder& to, std::string_view value);

/// RFC 3986 §2.1; the unreserved characters of §2.3 stand for themselves.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace valetkey::oauth
