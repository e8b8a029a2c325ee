// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes the configuration files that point a client at the emulator.

#include <string>

#include "emulator/emulator.h"
#include "valetkey/secret.h"

namespace valetkey::emulator {

struct ConfigSecrets {
  Secret client_secret{};
  Secret private_key{};  ///< encrypted PEM
  Secret passphrase{};
  Secret developer_token{};
};

/// Errors: exhausted (the disk), misconfigured (the directory). Blocks: disk.
[[nodiscard]] Result<void> write_config_files(const std::string& directory, const Facts& facts,
                                              const ConfigSecrets& secrets);

}  // namespace valetkey::emulator
