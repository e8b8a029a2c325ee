// SPDX-License-Identifier: Apache-2.0
#include "oauth/wiping_resource.h"

#include "base/assert.h"
#include "base/secret_memory.h"

namespace valetkey::oauth {

void* WipingResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  VALETKEY_ASSERT(alignment <= 32);  // what secret memory is made of
  return base::allocate_secret(bytes);
}

void WipingResource::do_deallocate(void* data, std::size_t bytes, std::size_t) {
  base::release_secret(static_cast<char*>(data), bytes);
}

bool WipingResource::do_is_equal(const boost::json::memory_resource& other) const noexcept {
  return dynamic_cast<const WipingResource*>(&other) != nullptr;
}

}  // namespace valetkey::oauth
