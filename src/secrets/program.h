// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program that prints a secret.

#include <string>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey::secrets {

/// Runs it without a shell, with nothing on its standard input, and hands over what it prints.
/// At the deadline its whole process group is killed.
///
/// Errors: secret_unavailable (cannot be started, failed, printed more than 64 KiB), timed_out,
/// exhausted. None repeats the output. Precondition: `words` is not empty. Threads: any.
[[nodiscard]] Result<Secret> run_program(const std::vector<std::string>& words, Deadline deadline,
                                         Clock& clock);

}  // namespace valetkey::secrets
