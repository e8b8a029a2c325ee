// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a secret is, as a configuration spells it (rule S2).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"

namespace valetkey::secrets {

enum class SourceKind : std::uint8_t { file, env, credential, command };

struct SecretRef {
  SourceKind kind = SourceKind::file;
  std::string place{};  ///< path, variable, credential's name, or command line

  bool operator==(const SecretRef&) const = default;
};

/// "file:/path", "env:NAME", "credential:NAME" or "command:program arguments". Relative paths start
/// at `base_directory`.
///
/// Errors: misconfigured. SECURITY: what is no source may be a secret written down in the wrong
/// place, so no message repeats any of it.
[[nodiscard]] Result<SecretRef> parse_secret_ref(std::string_view text,
                                                 const std::string& base_directory);

/// "file:/etc/valetkey/box.secret": for hints. Of a command, the program alone.
[[nodiscard]] std::string describe(const SecretRef& ref);

/// Words between spaces; '…' and "…" hold spaces together and a backslash means nothing.
///
/// Errors: misconfigured when a quote is left open.
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view line);

}  // namespace valetkey::secrets
