// SPDX-License-Identifier: Apache-2.0
#pragma once
// People and items in the shapes that the API shows them in.

#include <boost/json.hpp>

#include "emulator/replies.h"
#include "emulator/state.h"

namespace valetkey::emulator {

[[nodiscard]] json::object user_json(const State& state, const User& user);
[[nodiscard]] json::object user_mini(const User& user);
[[nodiscard]] json::object item_json(const State& state, const Item& item);
[[nodiscard]] json::object item_mini(const Item& item);

/// With `fields`: only those, and `type`, `id` (and `etag` of an item). Without: `whole` less the
/// members that Box shows on request only.
[[nodiscard]] json::object only_fields(const json::object& whole, std::string_view fields);

}  // namespace valetkey::emulator
