// SPDX-License-Identifier: Apache-2.0
#include "oauth/wiping_resource.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace valetkey::oauth {
namespace {

// Rule S1
TEST(WipingResource, WipesWhatItGivesBack) {
  constexpr std::size_t size = 256;
  WipingResource resource;
  auto* const bytes = static_cast<char*>(resource.allocate(size, 16));
  std::memset(bytes, 'x', size);

  resource.deallocate(bytes, size, 16);

  // Secret memory stays mapped; only its allocator's own link stands in a freed block.
  EXPECT_EQ(std::count(bytes, bytes + size, 'x'), 0);
}

TEST(WipingResource, AlignsForAnythingThatJsonHolds) {
  WipingResource resource;
  for (const std::size_t size : {1U, 24U, 100U, 5000U}) {
    void* const bytes = resource.allocate(size, alignof(std::max_align_t));

    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % alignof(std::max_align_t), 0U);
    resource.deallocate(bytes, size, alignof(std::max_align_t));
  }
}

}  // namespace
}  // namespace valetkey::oauth
