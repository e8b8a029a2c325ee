// SPDX-License-Identifier: Apache-2.0
#include "valetkey/error.h"

#include <gtest/gtest.h>

#include <set>

namespace valetkey {
namespace {

struct Row {
  Errc code;
  const char* name;
  Remedy remedy;
};

constexpr Row rows[] = {
    {Errc::invalid_request, "invalid_request", Remedy::fix_request},
    {Errc::invalid_client, "invalid_client", Remedy::fix_request},
    {Errc::invalid_grant, "invalid_grant", Remedy::sign_in_again},
    {Errc::unauthorized_client, "unauthorized_client", Remedy::fix_request},
    {Errc::unsupported_grant_type, "unsupported_grant_type", Remedy::fix_request},
    {Errc::invalid_scope, "invalid_scope", Remedy::fix_request},
    {Errc::invalid_target, "invalid_target", Remedy::fix_request},
    {Errc::access_denied, "access_denied", Remedy::give_up},
    {Errc::invalid_argument, "invalid_argument", Remedy::fix_request},
    {Errc::misconfigured, "misconfigured", Remedy::fix_request},
    {Errc::secret_unavailable, "secret_unavailable", Remedy::fix_request},
    {Errc::developer_token_ended, "developer_token_ended", Remedy::sign_in_again},
    {Errc::denied_by_policy, "denied_by_policy", Remedy::give_up},
    {Errc::malformed_response, "malformed_response", Remedy::retry},
    {Errc::redirected, "redirected", Remedy::fix_request},
    {Errc::wider_than_asked, "wider_than_asked", Remedy::give_up},
    {Errc::unreachable, "unreachable", Remedy::retry},
    {Errc::timed_out, "timed_out", Remedy::retry},
    {Errc::throttled, "throttled", Remedy::retry},
    {Errc::cancelled, "cancelled", Remedy::retry},
    {Errc::exhausted, "exhausted", Remedy::retry},
    {Errc::tampered_store, "tampered_store", Remedy::give_up},
};

// Rule F3
TEST(Errc, HasOneNameAndOneRemedyEach) {
  std::set<std::string_view> names;
  for (const auto& row : rows) {
    EXPECT_EQ(name_of(row.code), row.name);
    EXPECT_EQ(remedy_for(row.code), row.remedy) << row.name;
    EXPECT_TRUE(names.insert(name_of(row.code)).second) << row.name;
  }
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(Errc::tampered_store) + 1);
}

TEST(Remedy, IsNamedAsItIsSpelt) {
  EXPECT_EQ(name_of(Remedy::retry), "retry");
  EXPECT_EQ(name_of(Remedy::sign_in_again), "sign_in_again");
  EXPECT_EQ(name_of(Remedy::fix_request), "fix_request");
  EXPECT_EQ(name_of(Remedy::give_up), "give_up");
}

// Rule F3
TEST(Error, SaysWhoseWordsAreWhose) {
  EXPECT_EQ(describe({.code = Errc::invalid_grant, .context = "refused"}), "refused");
  EXPECT_EQ(describe({.code = Errc::invalid_grant, .context = "refused", .server_text = "no"}),
            "refused (the server says: \"no\")");
}

TEST(Result, CarriesAFailureToAnotherType) {
  Result<int> failed = fail(Errc::throttled, "slow down", "wait");

  const Result<std::string> other = failure_of(std::move(failed));

  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::throttled);
  EXPECT_EQ(other.error().hint, "wait");
}

}  // namespace
}  // namespace valetkey
