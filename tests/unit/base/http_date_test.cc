// SPDX-License-Identifier: Apache-2.0
#include "base/http_date.h"

#include <gtest/gtest.h>

#include <limits>

namespace valetkey::base {
namespace {

using namespace std::chrono_literals;

constexpr WallTime example{784111777s};  // RFC 9110 §5.6.7's own

TEST(HttpDate, ReadsItsThreeFormsAlike) {
  for (const auto* const text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text), example) << text;
  }
}

TEST(HttpDate, ReadsTwoDigitsOfADayInAsctime) {
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994"), example + 240h);
}

TEST(HttpDate, TakesTwoDigitYearsForOurOwnTime) {
  EXPECT_EQ(parse_http_date("Tuesday, 24-Nov-26 00:00:00 GMT"),
            parse_http_date("Tue, 24 Nov 2026 00:00:00 GMT"));
}

TEST(HttpDate, AllowsALeapSecond) {
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT"),
            parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT"));
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  for (const auto* const text :
       {"", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2026 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT trailing",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "784111777"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(HttpDate, HoldsTheNearestYearItCan) {
  EXPECT_EQ(format_rfc3339(*parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT")),
            "2261-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(*parse_http_date("Tue, 29 Feb 0004 00:00:00 GMT")),
            "1678-02-28T00:00:00Z");
}

TEST(HttpDate, ReadsBackWhatItWrites) {
  for (auto when = WallTime(0s); when < WallTime(36525 * 24h);
       when += 31h * 24 + 7h + 11min + 13s) {
    EXPECT_EQ(parse_http_date(format_http_date(when)), when) << format_http_date(when);
  }
}

TEST(HttpDate, WritesTheFixedForm) {
  EXPECT_EQ(format_http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(example + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(parse_retry_after("120", example), 120s);
  EXPECT_EQ(parse_retry_after(" 0 ", example), 0s);
}

TEST(RetryAfter, ReadsADateAgainstNow) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", example), 30s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", example + 1500ms), 29s);
}

TEST(RetryAfter, IsNeverNegative) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", example), 0s);
  EXPECT_EQ(parse_retry_after("-5", example), std::nullopt);
}

TEST(RetryAfter, CapsWhatIsAbsurdAtADay) {
  EXPECT_EQ(parse_retry_after("86401", example), 24h);
  EXPECT_EQ(parse_retry_after("99999999999999999999999999", example), 24h);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", example), 24h);
}

TEST(RetryAfter, RefusesWhatIsNeither) {
  for (const auto* const text : {"", "soon", "1.5", "1e3", "+5", "0x10"}) {
    EXPECT_EQ(parse_retry_after(text, example), std::nullopt) << text;
  }
}

TEST(Rfc3339, WritesUtcInWholeSeconds) {
  EXPECT_EQ(format_rfc3339(WallTime(0s)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(example + 1ms), "1994-11-06T08:49:37Z");
  EXPECT_EQ(format_rfc3339(WallTime(-1ns)), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace valetkey::base
