// SPDX-License-Identifier: Apache-2.0
#pragma once
// "Did you mean": the word that a mistyped one is nearest to.

#include <string>
#include <string_view>
#include <vector>

namespace valetkey::base {

/// Empty when none is near.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& candidates);

}  // namespace valetkey::base
