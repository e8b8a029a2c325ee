// SPDX-License-Identifier: Apache-2.0
// Records of a shared cache: what is read is written back to the same bytes, or nothing is read.

#include "fuzz/fuzz_input.h"
#include "lifecycle/shared_record.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  const Secret bytes(input.rest());
  constexpr lifecycle::ClockOffset offset = std::chrono::hours(500);
  const auto record = lifecycle::decode_record(bytes, offset);
  if (!record) {
    VALETKEY_ASSERT(record.error().code == Errc::malformed_response);
    return fuzz::check_error(record.error()), 0;
  }
  VALETKEY_ASSERT(fuzz::is_same(lifecycle::encode_record(*record, offset), bytes));
  const Instant now(std::chrono::hours(1000));
  const lifecycle::CachePolicy policy;
  VALETKEY_ASSERT(lifecycle::life_of(*record, now, policy).count() >= 1000);
  const auto boarding = lifecycle::next_boarding(*record, {}, "self", false, now, policy);
  const bool may_serve = record->token || (record->proven_until && now < *record->proven_until);
  VALETKEY_ASSERT(boarding.step != lifecycle::BoardingStep::serve || may_serve);
  VALETKEY_ASSERT(boarding.step != lifecycle::BoardingStep::wait || record->lease);
  return 0;
}
