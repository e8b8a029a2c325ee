// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether to try again, and after how long (rule U4).

#include <chrono>
#include <optional>

#include "valetkey/error.h"

namespace valetkey::http {

struct RetryPolicy {
  unsigned attempts_max = 5;
  std::chrono::milliseconds delay_first{500};
  std::chrono::milliseconds delay_max{30'000};
};

/// How one attempt ended.
struct Attempt {
  unsigned number = 1;                                ///< the first is 1
  int status = 0;                                     ///< 0: there was no answer
  std::optional<Errc> failure{};                      ///< why there was none
  std::optional<std::chrono::seconds> retry_after{};  ///< RFC 9110 §10.2.3
  bool replayable = true;                             ///< acting on it twice does no harm
  bool resendable = true;  ///< there is something to send a second time; a pipe can be drunk once
};

/// How long to wait before the next attempt; nothing: give up. `jitter` is in [0, 1) and takes the
/// delay from half of itself to the whole. Retry-After is a minimum. Never reaches past `left`.
[[nodiscard]] std::optional<std::chrono::nanoseconds> next_delay(const Attempt& attempt,
                                                                 const RetryPolicy& policy,
                                                                 double jitter,
                                                                 std::chrono::nanoseconds left);

}  // namespace valetkey::http
