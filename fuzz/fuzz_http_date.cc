// SPDX-License-Identifier: Apache-2.0
// HTTP dates: one that was read, written down and read again is the same.

#include "base/http_date.h"
#include "fuzz/fuzz_input.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::Input(data, size).rest());
  const WallTime now(std::chrono::seconds(1'800'000'000));
  if (const auto when = base::parse_http_date(text)) {
    // A leap second at the end of the last year that WallTime holds is read as the next year's.
    const bool in_range = *when < WallTime(std::chrono::sys_days(std::chrono::year(2262) / 1 / 1));
    const auto again = base::parse_http_date(base::format_http_date(*when));
    VALETKEY_ASSERT(again && (!in_range || again == when));
    VALETKEY_ASSERT(base::format_rfc3339(*when).size() == 20);
  }
  if (const auto after = base::parse_retry_after(text, now)) {
    VALETKEY_ASSERT(after->count() >= 0 && *after <= std::chrono::hours(24));
  }
  return 0;
}
