// SPDX-License-Identifier: Apache-2.0
#pragma once
// Assertions that stay on in every build. For bugs, never for input.

namespace valetkey::base {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace valetkey::base

#define VALETKEY_ASSERT(condition) \
  ((condition) ? void() : ::valetkey::base::assertion_failed(#condition, __FILE__, __LINE__))
