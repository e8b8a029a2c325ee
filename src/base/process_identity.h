// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which process this is, among all of a fleet, and whether another of this machine still lives.

#include <string>
#include <string_view>

namespace valetkey::base {

/// Of this process on this boot of this machine: no other process has it, nor will. `salt` tells
/// two apart that share a process, as two clients do. Blocks: reads /proc.
[[nodiscard]] std::string process_identity(std::string_view salt);

/// True only when that process is known to have ended: it was of this boot of this machine, and its
/// number is free, another's, or a zombie's. False for a process of any other machine or container.
/// Blocks: reads /proc.
[[nodiscard]] bool process_is_gone(std::string_view identity);

}  // namespace valetkey::base
