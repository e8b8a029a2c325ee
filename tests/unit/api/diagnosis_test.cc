// SPDX-License-Identifier: Apache-2.0
// What a look for trouble finds, and what it leaves alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/client_world.h"
#include "support/test_token.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;
using support::ClientWorld;
using support::token_body;
using testing::HasSubstr;

std::string problems_of(const std::vector<Finding>& findings) {
  std::string problems;
  for (const auto& finding : findings) {
    if (finding.level == FindingLevel::problem) problems += finding.what + "\n";
  }
  return problems;
}

TEST(Diagnosis, TriesATokenOfItsOwnAndLeavesTheApplicationsAlone) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("application-token"));
  world.transport->will_answer(200, token_body("diagnosis-token"));
  world.transport->otherwise(200, "");
  auto client = world.open();
  ASSERT_TRUE(client.token({}, world.in(5s)));

  const auto findings = client.diagnose(world.in(5s));
  const auto after = client.token({}, world.in(5s));

  EXPECT_EQ(problems_of(findings), "");
  const auto sent = world.transport->sent();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[2].url, "https://api.box.com/oauth2/revoke");
  EXPECT_THAT(sent[2].body, HasSubstr("token=diagnosis-token"));
  ASSERT_TRUE(after);
  EXPECT_EQ(support::text_of(*after), "application-token");
}

TEST(Diagnosis, SaysWhyATokenIsNotTakenBack) {
  ClientWorld world;
  world.transport->will_answer(200, token_body("one"));
  world.transport->otherwise(
      400, R"({"error":"invalid_client","error_description":"The client is invalid"})");
  auto client = world.open();

  const auto problems = problems_of(client.diagnose(world.in(5s)));

  EXPECT_THAT(problems, HasSubstr("does not take the token back"));
  EXPECT_THAT(problems, HasSubstr("The client is invalid"));
}

}  // namespace
}  // namespace valetkey
