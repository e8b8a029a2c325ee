// SPDX-License-Identifier: Apache-2.0
#include "base/nearest_word.h"

#include <gtest/gtest.h>

namespace valetkey::base {
namespace {

TEST(NearestWord, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"grant", "client_id", "client_secret"};

  EXPECT_EQ(nearest_word("grand", words), "grant");
  EXPECT_EQ(nearest_word("clientid", words), "client_id");
  EXPECT_EQ(nearest_word("client_secert", words), "client_secret");
}

TEST(NearestWord, IsEmptyWhenNoneIsNear) {
  EXPECT_EQ(nearest_word("telemetry", {"grant", "cache"}), "");
  EXPECT_EQ(nearest_word("x", {}), "");
  EXPECT_EQ(nearest_word(std::string(10'000, 'x'), {"grant"}), "");
}

}  // namespace
}  // namespace valetkey::base
