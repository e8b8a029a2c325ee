// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request made ready: checked, with its key, and with the request for its parent.

#include <cstddef>
#include <memory>
#include <string>

#include "valetkey/request.h"

namespace valetkey::lifecycle {

/// Immutable once made; shared by handles, flights and the ledger of live tokens.
struct Plan {
  std::string key;
  TokenRequest request;                  ///< normalised
  std::size_t provider = 0;              ///< index of its configuration
  std::shared_ptr<const Plan> parent{};  ///< where the token is narrowed from; may be absent
  bool shareable = false;                ///< its token may lie in a shared cache (rule V2)
};
using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace valetkey::lifecycle
