// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads the app-settings file that Box's developer console hands out.

#include <string>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::oauth {

struct BoxAppSettings {
  std::string client_id{};
  std::string key_id{};
  std::string enterprise_id{};  ///< may be empty
  std::string user_id{};        ///< may be empty
  Secret client_secret{};
  Secret private_key{};  ///< PEM
  Secret passphrase{};   ///< empty: the key is not encrypted
};

/// Errors: misconfigured, naming the member that is missing or of a wrong type; never a value.
[[nodiscard]] Result<BoxAppSettings> parse_box_app_settings(const Secret& json);

}  // namespace valetkey::oauth
