// SPDX-License-Identifier: Apache-2.0
#include "cli/nearest_word.h"

namespace valetkey::cli {
namespace {

const std::vector<std::string> words = {"token", "call", "exec", "revoke", "status"};

TEST(NearestWord, FindsAMistypedOne) {
  EXPECT_EQ(nearest_word("tokn", words), "token");
  EXPECT_EQ(nearest_word("revok", words), "revoke");
  EXPECT_EQ(nearest_word("staus", words), "status");
}

TEST(NearestWord, FindsNoneThatIsFarAway) {
  EXPECT_EQ(nearest_word("frobnicate", words), "");
  EXPECT_EQ(nearest_word(std::string(10'000, 'x'), words), "");
}

}  // namespace
}  // namespace valetkey::cli
