// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a token request asks for, in words for the ledger and for faults; judges nothing.

#include <string>
#include <string_view>

#include "emulator/state.h"
#include "emulator/wire.h"

namespace valetkey::emulator {

struct TokenRequestFacts {
  std::string grant{};        ///< "client_credentials", "jwt-bearer", "token-exchange" ..., "other"
  std::string subject{};      ///< "user:ID", "enterprise:ID", "unknown"
  std::string restriction{};  ///< "none", or "item_download item_preview files/123"
};

/// The last word of an RFC 6749 grant type: "urn:ietf:params:oauth:grant-type:jwt-bearer" is
/// "jwt-bearer".
[[nodiscard]] std::string short_grant(std::string_view grant_type);
[[nodiscard]] TokenRequestFacts facts_of_token_request(const State& state, const Form& form);

/// An item named by a Box API address, on Box's own host or on ours.
struct ResourceName {
  bool is_folder = false;
  std::string id{};
};
[[nodiscard]] std::optional<ResourceName> parse_resource(std::string_view url,
                                                         std::string_view base_url);

}  // namespace valetkey::emulator
