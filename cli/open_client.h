// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the global options to a client that is ready to work.

#include <string>

#include "cli/subcommand.h"
#include "valetkey/client.h"

namespace valetkey::cli {

/// The named file, or the first of the search path that exists.
/// Errors: misconfigured when there is none.
[[nodiscard]] Result<std::string> find_config(const Globals& globals);

/// Errors: misconfigured, with every mistake; invalid_argument for a provider that the
/// configuration does not have. Blocks: files, secret sources.
[[nodiscard]] Result<Client> open_client(const Globals& globals);
/// The same, with a cache of its own whatever the configuration says: for who revokes what he got,
/// which must not be what others are using.
[[nodiscard]] Result<Client> open_private_client(const Globals& globals);

/// The named provider, or the only one. Errors: invalid_argument.
[[nodiscard]] Result<std::string> provider_of(const Globals& globals, const Config& config);

}  // namespace valetkey::cli
