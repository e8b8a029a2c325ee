// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the Box Platform means by its error codes and texts, where RFC 6749 does not say.

#include <optional>
#include <string_view>

#include "valetkey/error.h"

namespace valetkey::oauth {

struct ErrorReading {
  Errc code;
  std::string_view context{};  ///< our words instead of the server's code; may be empty
  std::string_view hint{};
};

/// Nothing: Box means what the RFCs say.
[[nodiscard]] std::optional<ErrorReading> find_box_reading(std::string_view wire_code,
                                                           std::string_view description);

}  // namespace valetkey::oauth
