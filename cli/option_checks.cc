// SPDX-License-Identifier: Apache-2.0
#include "cli/option_checks.h"

#include <string>

#include "base/text.h"

namespace valetkey::cli {

const CLI::Validator& not_empty() {
  static const CLI::Validator validator(
      [](std::string& text) {
        return base::trimmed(text).empty() ? std::string("the value is empty") : std::string();
      },
      "");
  return validator;
}

}  // namespace valetkey::cli
