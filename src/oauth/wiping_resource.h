// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory for JSON that holds secrets: out of core dumps, wiped when it is given back.

#include <boost/json/memory_resource.hpp>
#include <cstddef>

namespace valetkey::oauth {

class WipingResource final : public boost::json::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* data, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override;
};

}  // namespace valetkey::oauth
