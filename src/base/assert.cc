// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace valetkey::base {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "valetkey: bug: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace valetkey::base
