// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the command's exit status says.

#include "valetkey/error.h"

namespace valetkey::cli {

enum ExitCode : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,        ///< usage or configuration; nothing was sent
  exit_denied = 3,       ///< by policy or by the provider
  exit_sign_in = 4,      ///< a person has to sign in, or to get a new developer token
  exit_unreachable = 5,  ///< no usable answer; the same command may work later
};

[[nodiscard]] ExitCode exit_code_for(const Error& error) noexcept;

/// The same for the status of an API's answer.
[[nodiscard]] ExitCode exit_code_for_status(int http_status) noexcept;

}  // namespace valetkey::cli
