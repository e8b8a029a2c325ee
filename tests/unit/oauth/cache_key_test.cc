// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "oauth/request_rules.h"

namespace valetkey::oauth {
namespace {

using Identity =
    std::tuple<std::string, std::string, SubjectType, std::string, std::vector<std::string>,
               std::string, std::string, std::string, std::string, std::string>;

Identity identity_of(const Profile& profile, const TokenRequest& request) {
  return {profile.name,     profile.client_id, request.subject.type, request.subject.id,
          request.scopes,   request.resource,  request.shared_link,  request.audience,
          request.actor.id, request.actor.name};
}

/// Texts made to be confused: digits, colons and the encoded forms of one another.
std::string tricky_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "", "1", ":", "1:", "0:", "2:1:", "a", "b", ",", "|", std::string(1, 0), "vk1"};
  std::string text;
  for (auto count = random() % 4; count > 0; --count)
    text += pieces[random() % pieces.size()];
  return text;
}

// Rule C1
TEST(CacheKey, DiffersForAnyTwoRequestsThatDiffer) {
  std::mt19937 random(20260101);
  std::map<std::string, Identity> seen;

  for (int round = 0; round < 200'000; ++round) {
    Profile profile;
    profile.name = tricky_text(random);
    profile.client_id = tricky_text(random);
    TokenRequest request;
    request.subject = {static_cast<SubjectType>(random() % 4), tricky_text(random)};
    for (auto count = random() % 3; count > 0; --count) {
      request.scopes.push_back(tricky_text(random));
    }
    for (auto* const text : {&request.resource, &request.shared_link, &request.audience,
                             &request.actor.id, &request.actor.name}) {
      *text = tricky_text(random);
    }

    const auto identity = identity_of(profile, request);
    const auto [at, is_new] = seen.try_emplace(cache_key(profile, request), identity);

    ASSERT_TRUE(is_new || at->second == identity) << at->first;
  }
}

// Rule C1
TEST(CacheKey, IgnoresWhatDoesNotChangeTheToken) {
  Profile profile;
  profile.type = ProviderType::oauth2;
  TokenRequest one{.scopes = {"a", "b"}};
  TokenRequest other{.scopes = {"b", "a", "b"}, .min_life = std::chrono::seconds(60)};

  EXPECT_EQ(cache_key(profile, *normalised(profile, one)),
            cache_key(profile, *normalised(profile, other)));
}

// Rule C1
TEST(CacheKey, ChangesWithEveryFieldThatChangesTheToken) {
  Profile profile;
  profile.name = "box";
  const TokenRequest plain;
  std::vector<TokenRequest> requests(8);
  requests[0].subject = user("1");
  requests[1].subject = enterprise("1");
  requests[2].scopes = {"a"};
  requests[3].resource = "r";
  requests[4].shared_link = "r";
  requests[5].audience = "r";
  requests[6].actor = {.id = "r"};
  requests[7].actor = {.id = "", .name = "r"};
  Profile other = profile;
  other.client_id = "another";

  std::map<std::string, int> keys;
  ++keys[cache_key(profile, plain)];
  ++keys[cache_key(other, plain)];
  for (const auto& request : requests)
    ++keys[cache_key(profile, request)];

  EXPECT_EQ(keys.size(), 10U);
}

}  // namespace
}  // namespace valetkey::oauth
