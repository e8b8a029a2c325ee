// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

namespace valetkey::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsAnOptionsValueAndSaysHowToWriteIt) {
  std::chrono::milliseconds value{};
  CLI::App app;
  add_duration(app, "--wait", value, "how long");

  app.parse("--wait 90s");

  EXPECT_EQ(value, 90s);
  EXPECT_THROW(app.parse("--wait soon"), CLI::ValidationError);
}

TEST(Duration, IsShownInTheLargestUnitThatIsStillExactEnough) {
  EXPECT_EQ(text_of(59s), "59 s");
  EXPECT_EQ(text_of(3599s), "59 min");
  EXPECT_EQ(text_of(5h), "5 h");
}

}  // namespace
}  // namespace valetkey::cli
