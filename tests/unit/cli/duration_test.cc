// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

namespace valetkey::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberWithAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("24h"), 24h);
}

TEST(Duration, IsRefusedWithoutAUnitOrANumber) {
  for (const char* const text :
       {"", "30", "s", "-1s", "+1s", "1.5s", "30 s", "30S", "1d", "1s1s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsRefusedWhenZeroOrLongerThanADay) {
  for (const char* const text : {"0s", "0ms", "25h", "86400001ms", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsShownInTheLargestUnitThatIsStillExactEnough) {
  EXPECT_EQ(text_of(59s), "59 s");
  EXPECT_EQ(text_of(3599s), "59 min");
  EXPECT_EQ(text_of(5h), "5 h");
}

}  // namespace
}  // namespace valetkey::cli
