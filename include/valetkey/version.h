// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which valetkey this is.

#include <string_view>

namespace valetkey {

inline constexpr std::string_view version = "0.1.0";

}  // namespace valetkey
