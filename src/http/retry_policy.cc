// SPDX-License-Identifier: Apache-2.0
#include "http/retry_policy.h"

#include <algorithm>

namespace valetkey::http {
namespace {

constexpr int too_many_requests = 429;  // RFC 6585 §4
constexpr int not_implemented = 501;
constexpr int version_not_supported = 505;

bool may_pass(const Attempt& attempt) {
  if (attempt.status != 0) {
    // RFC 9110 §15.6.2, §15.6.6: these two say "never", not "not now".
    return attempt.status == too_many_requests ||
           (attempt.status >= 500 && attempt.status <= 599 && attempt.status != not_implemented &&
            attempt.status != version_not_supported);
  }
  return attempt.failure == Errc::unreachable || attempt.failure == Errc::throttled;
}

/// RFC 6585 §4: whoever is asked too often has not acted.
bool was_not_acted_upon(const Attempt& attempt) {
  return attempt.status == too_many_requests || attempt.failure == Errc::throttled;
}

/// RFC 9110 §9.2.2: not again, unless the server has not acted or acting twice does no harm.
bool may_be_sent_again(const Attempt& attempt) {
  return attempt.resendable && (attempt.replayable || was_not_acted_upon(attempt));
}

std::chrono::nanoseconds full_delay(unsigned number, const RetryPolicy& policy) {
  std::chrono::nanoseconds delay = policy.delay_first;
  for (unsigned doubled = 1; doubled < number && delay < policy.delay_max; ++doubled)
    delay *= 2;
  return std::min<std::chrono::nanoseconds>(delay, policy.delay_max);
}

}  // namespace

std::optional<std::chrono::nanoseconds> next_delay(const Attempt& attempt,
                                                   const RetryPolicy& policy, double jitter,
                                                   std::chrono::nanoseconds left) {
  if (attempt.number >= policy.attempts_max) return std::nullopt;
  if (!may_pass(attempt) || !may_be_sent_again(attempt)) return std::nullopt;

  const auto half = full_delay(attempt.number, policy) / 2;
  const double share = std::clamp(jitter, 0.0, 1.0);
  auto delay = half + std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(
                          static_cast<double>(half.count()) * share));
  if (attempt.retry_after) delay = std::max<std::chrono::nanoseconds>(delay, *attempt.retry_after);
  if (delay >= left) return std::nullopt;
  return delay;
}

}  // namespace valetkey::http
