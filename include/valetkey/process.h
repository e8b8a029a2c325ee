// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a program that holds secrets does to itself, first thing in main.

namespace valetkey {

/// Makes the process refuse core dumps and foreign debuggers, and makes the HTTP and TLS libraries
/// wipe what they free (rule S3). Call once, before any other thread exists and before the first
/// Client. Programs that embed valetkey choose for themselves; the command always calls it.
void harden_process();

/// How many memory pages the kernel lets this process keep out of swap is a limit of the service,
/// not of the program: false when some secret page could not be locked.
[[nodiscard]] bool secrets_are_kept_out_of_swap();

}  // namespace valetkey
