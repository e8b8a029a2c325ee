// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tables [cache] and [http] must say: bounds, and the way to the network.

#include <vector>

#include "valetkey/config.h"

namespace valetkey::api {

/// Notes every mistake of the two tables. Blocks: looks whether ca_file can be read.
void check_host_tables(const Config& config, std::vector<Mistake>& mistakes);

}  // namespace valetkey::api
