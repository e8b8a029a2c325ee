// SPDX-License-Identifier: Apache-2.0
// What a memcached answers: whatever comes, it is read within bounds or refused.

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "cache/memcached_wire.h"
#include "fuzz/fuzz_input.h"

using namespace valetkey;

namespace {

class Bytes final : public cache::ByteSource {
 public:
  Bytes(std::string_view bytes, std::size_t at_once) : left_(bytes), at_once_(at_once) {}
  Result<std::size_t> read_some(char* to, std::size_t room) override {
    const std::size_t count = std::min({room, at_once_, left_.size()});
    if (count == 0) return fail(Errc::unreachable, "over", "ask again");
    std::memcpy(to, left_.data(), count);
    left_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view left_;
  const std::size_t at_once_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned choice = input.byte();
  const std::string answers(input.rest());
  Bytes source(answers, choice / 8 + 1);
  cache::MemcachedReader reader(source);
  for (unsigned question = choice % 8; question < 8; ++question) {  // several over one connection
    if (question % 3 == 0) {
      const auto values = reader.read_values({"one", "two", "three"});
      if (!values) return fuzz::check_error(values.error()), 0;
      VALETKEY_ASSERT(values->size() == 3);
      for (const auto& value : *values)
        VALETKEY_ASSERT(!value || value->bytes.size() <= base::shared_value_bytes_max);
    } else if (question % 3 == 1) {
      if (const auto stored = reader.read_stored(); !stored)
        return fuzz::check_error(stored.error()), 0;
    } else {
      if (const auto stats = reader.read_stats(); !stats)
        return fuzz::check_error(stats.error()), 0;
    }
  }
  return 0;
}
