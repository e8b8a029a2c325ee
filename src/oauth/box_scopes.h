// SPDX-License-Identifier: Apache-2.0
#pragma once
// The scopes that the Box Platform documents or is known to use.

#include <string>
#include <string_view>

namespace valetkey::oauth {

[[nodiscard]] bool is_box_scope(std::string_view scope) noexcept;

/// The known scope that was probably meant; empty when none is near.
[[nodiscard]] std::string nearest_box_scope(std::string_view scope);

}  // namespace valetkey::oauth
