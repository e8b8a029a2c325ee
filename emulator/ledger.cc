// SPDX-License-Identifier: Apache-2.0
#include "emulator/ledger.h"

namespace valetkey::emulator {

void Tally::count(std::string_view name) {
  ++total_;
  if (const auto at = by_name_.find(name); at != by_name_.end()) {
    ++at->second;
    return;
  }
  ++by_name_[by_name_.size() < ledger_names_max ? std::string(name) : "other"];
}

}  // namespace valetkey::emulator
