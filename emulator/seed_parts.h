// SPDX-License-Identifier: Apache-2.0
#pragma once
// The pieces that the built-in world and a seed file are both made of.

#include <string>

#include "emulator/seed.h"

namespace valetkey::emulator {

/// Ids and names of the enterprise and its app; nobody and nothing in it.
[[nodiscard]] Seed make_bare_seed();
[[nodiscard]] std::string next_seed_id(Seed& seed);
void add_service_account(Seed& seed);
void add_default_users(Seed& seed);
void add_default_tree(Seed& seed);

}  // namespace valetkey::emulator
