// SPDX-License-Identifier: Apache-2.0
// Heads and entries of the log of revocations: read whole and written back the same, or not at all.

#include "fuzz/fuzz_input.h"
#include "lifecycle/revocation_log.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  const Secret bytes(input.rest());
  constexpr lifecycle::ClockOffset offset = std::chrono::hours(500);
  const Instant now(std::chrono::hours(1000));
  const auto revocation = lifecycle::decode_revocation(bytes, offset);
  if (revocation) {
    VALETKEY_ASSERT(fuzz::is_same(lifecycle::encode_revocation(*revocation, offset), bytes));
  } else {
    fuzz::check_error(revocation.error());
  }
  const auto head = lifecycle::decode_head(bytes, offset);
  if (!head) return fuzz::check_error(head.error()), 0;
  VALETKEY_ASSERT(!revocation);
  VALETKEY_ASSERT(fuzz::is_same(lifecycle::encode_head(*head, offset), bytes));
  if (head->last > ~std::uint64_t{0} - 2) return 0;
  const auto next = lifecycle::appended(*head, head->last + 1, now + std::chrono::hours(1), now);
  const auto again = lifecycle::decode_head(lifecycle::encode_head(next, offset), offset);
  VALETKEY_ASSERT(again && *again == next && next.first() <= next.last);
  return 0;
}
