// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files that hold a secret (rule S2).

#include <string>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::secrets {

/// Reads a regular file (links are followed) that belongs to us or root and that nobody else may
/// read. One newline at the end is dropped.
///
/// Errors: secret_unavailable, with a context that names the path and a hint that has the command;
/// exhausted. Blocks: disk. Threads: any. Limits: 64 KiB.
[[nodiscard]] Result<Secret> load_private_file(const std::string& path);

/// The same for a file of systemd's making: its access list may show as a group's right to read.
[[nodiscard]] Result<Secret> load_credential_file(const std::string& path);

/// Replaces the file, mode 0600: after a crash it holds the old secret or the new one, whole.
///
/// Errors: exhausted (disk, descriptors), misconfigured (it cannot be written). Blocks: disk, until
/// the bytes are on it.
[[nodiscard]] Result<void> save_private_file(const std::string& path, const Secret& secret);

/// Checks what is to be used as a secret and drops one newline at its end.
///
/// Errors: secret_unavailable when nothing is left or it holds control characters besides tabs and
/// newlines. `what` begins the message.
[[nodiscard]] Result<Secret> checked_secret(const Secret& read, const std::string& what);

}  // namespace valetkey::secrets
