// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <gtest/gtest.h>

namespace valetkey::base {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, TakesANumberAndAUnitAndNothingElse) {
  EXPECT_EQ(parse_duration("50m"), 50min);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1h"), 1h);
  for (const auto* const bad :
       {"", "50", "m", "-5m", "5 m", "5.5m", "5minutes", "99999999999h", "0s", "25h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace valetkey::base
