// SPDX-License-Identifier: Apache-2.0
#include "http/retry_policy.h"

#include <gtest/gtest.h>

namespace valetkey::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds for_ever = 24h;
constexpr double no_jitter = 0.0;  // the shortest
constexpr double most_jitter = 0.999999;

// Rule U4
TEST(RetryPolicy, DoublesTheDelayUpToItsBound) {
  const RetryPolicy policy{.attempts_max = 100, .delay_first = 500ms, .delay_max = 30s};

  EXPECT_EQ(next_delay({.number = 1, .status = 503}, policy, 1.0, for_ever), 500ms);
  EXPECT_EQ(next_delay({.number = 2, .status = 503}, policy, 1.0, for_ever), 1s);
  EXPECT_EQ(next_delay({.number = 6, .status = 503}, policy, 1.0, for_ever), 16s);
  EXPECT_EQ(next_delay({.number = 7, .status = 503}, policy, 1.0, for_ever), 30s);
  EXPECT_EQ(next_delay({.number = 99, .status = 503}, policy, 1.0, for_ever), 30s);
}

// Rule U4
TEST(RetryPolicy, SpreadsTheDelayOverItsUpperHalf) {
  for (const double jitter : {no_jitter, 0.25, 0.5, most_jitter}) {
    for (unsigned number = 1; number < 5; ++number) {
      const auto whole = 500ms * (1 << (number - 1));
      const auto delay = next_delay({.number = number, .status = 500}, {}, jitter, for_ever);

      ASSERT_TRUE(delay);
      EXPECT_GE(*delay, whole / 2);
      EXPECT_LT(*delay, whole);
    }
  }
}

// Rule U4
TEST(RetryPolicy, TakesRetryAfterForAMinimum) {
  EXPECT_EQ(next_delay({.status = 429, .retry_after = 7s}, {}, no_jitter, for_ever), 7s);
  EXPECT_EQ(next_delay({.status = 503, .retry_after = 0s}, {}, no_jitter, for_ever), 250ms);
}

// Rule U4
TEST(RetryPolicy, NeverWaitsPastTheDeadline) {
  EXPECT_EQ(next_delay({.status = 429, .retry_after = 7s}, {}, no_jitter, 7s), std::nullopt);
  EXPECT_EQ(next_delay({.status = 429, .retry_after = 7s}, {}, no_jitter, 7001ms), 7s);
  EXPECT_EQ(next_delay({.status = 500}, {}, no_jitter, 0ns), std::nullopt);
}

TEST(RetryPolicy, GivesUpAfterTheLastAttempt) {
  EXPECT_TRUE(next_delay({.number = 4, .status = 500}, {}, no_jitter, for_ever));
  EXPECT_FALSE(next_delay({.number = 5, .status = 500}, {}, no_jitter, for_ever));
}

// Rule U4
TEST(RetryPolicy, RetriesOnlyWhatMayPass) {
  for (const int status : {429, 500, 502, 503, 504, 599}) {
    EXPECT_TRUE(next_delay({.status = status}, {}, no_jitter, for_ever)) << status;
  }
  for (const int status : {200, 204, 302, 400, 401, 403, 404, 409, 501, 505}) {
    EXPECT_FALSE(next_delay({.status = status}, {}, no_jitter, for_ever)) << status;
  }
  for (const Errc failure : {Errc::unreachable, Errc::throttled}) {
    EXPECT_TRUE(next_delay({.failure = failure}, {}, no_jitter, for_ever)) << name_of(failure);
  }
  for (const Errc failure : {Errc::timed_out, Errc::cancelled, Errc::malformed_response,
                             Errc::exhausted, Errc::denied_by_policy, Errc::invalid_argument}) {
    EXPECT_FALSE(next_delay({.failure = failure}, {}, no_jitter, for_ever)) << name_of(failure);
  }
  EXPECT_FALSE(next_delay({}, {}, no_jitter, for_ever));
}

TEST(RetryPolicy, RepeatsWhatIsNotReplayableOnlyWhenItWasNotActedUpon) {
  const auto asked = [](Attempt attempt) {
    attempt.replayable = false;
    return next_delay(attempt, {}, no_jitter, for_ever).has_value();
  };

  EXPECT_FALSE(asked({.status = 500}));
  EXPECT_FALSE(asked({.failure = Errc::unreachable}));
  EXPECT_TRUE(asked({.status = 429}));
  EXPECT_TRUE(asked({.failure = Errc::throttled}));
}

// Rules U2, U4
TEST(RetryPolicy, NeverRepeatsWhatCannotBeSentAgain) {
  for (const int status : {429, 500, 503}) {
    EXPECT_FALSE(next_delay({.status = status, .resendable = false}, {}, no_jitter, for_ever))
        << status;
  }
  for (const Errc failure : {Errc::unreachable, Errc::throttled}) {
    EXPECT_FALSE(next_delay({.failure = failure, .resendable = false}, {}, no_jitter, for_ever))
        << name_of(failure);
  }
}

}  // namespace
}  // namespace valetkey::http
