// SPDX-License-Identifier: Apache-2.0
#pragma once
// What files and folders have in common when they are changed.

#include <optional>
#include <string>
#include <string_view>

#include "emulator/api.h"

namespace valetkey::emulator {

/// Why nothing may bear that name there; nothing when it may.
[[nodiscard]] std::optional<Reply> refuse_name(const Call& call, std::string_view parent_id,
                                               std::string_view name, std::string_view own_id = {});
/// `parent.id` of a body. Empty: none is named.
[[nodiscard]] std::string parent_of(const json::object& body);
/// PUT: name, parent, description, shared_link.
[[nodiscard]] Reply edit_item(Call& call, Item& item);
[[nodiscard]] Reply delete_item(Call& call, const Item& item);
/// RFC 9110 §13.1.1: an etag that is no longer the item's.
[[nodiscard]] std::optional<Reply> refuse_stale(const Call& call, const Item& item);

}  // namespace valetkey::emulator
