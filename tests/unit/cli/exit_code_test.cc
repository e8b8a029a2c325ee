// SPDX-License-Identifier: Apache-2.0
// The exit statuses that scripts rely on.
#include "cli/exit_code.h"

namespace valetkey::cli {
namespace {

struct Row {
  Errc code;
  ExitCode exit_code;
};

constexpr Row rows[] = {
    {Errc::invalid_request, exit_denied},
    {Errc::invalid_client, exit_denied},
    {Errc::invalid_grant, exit_sign_in},
    {Errc::unauthorized_client, exit_denied},
    {Errc::unsupported_grant_type, exit_denied},
    {Errc::invalid_scope, exit_denied},
    {Errc::invalid_target, exit_denied},
    {Errc::access_denied, exit_denied},
    {Errc::invalid_argument, exit_usage},
    {Errc::misconfigured, exit_usage},
    {Errc::secret_unavailable, exit_usage},
    {Errc::developer_token_ended, exit_sign_in},
    {Errc::denied_by_policy, exit_denied},
    {Errc::malformed_response, exit_failed},
    {Errc::redirected, exit_unreachable},
    {Errc::wider_than_asked, exit_denied},
    {Errc::unreachable, exit_unreachable},
    {Errc::timed_out, exit_unreachable},
    {Errc::throttled, exit_unreachable},
    {Errc::cancelled, exit_failed},
    {Errc::exhausted, exit_failed},
    {Errc::tampered_store, exit_failed},
};

TEST(ExitCode, IsTheDocumentedOneForEachFailure) {
  for (const auto& row : rows) {
    EXPECT_EQ(exit_code_for({.code = row.code, .context = ""}), row.exit_code) << name_of(row.code);
  }
}

TEST(ExitCode, KnowsEveryKindOfFailure) {
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(Errc::tampered_store) + 1);
}

TEST(ExitCode, IsSignInExactlyWhereThatIsTheRemedy) {
  for (const auto& row : rows) {
    EXPECT_EQ(row.exit_code == exit_sign_in, remedy_for(row.code) == Remedy::sign_in_again)
        << name_of(row.code);
  }
}

TEST(ExitCode, OfAnAnswerFollowsItsStatus) {
  EXPECT_EQ(exit_code_for_status(200), exit_done);
  EXPECT_EQ(exit_code_for_status(204), exit_done);
  EXPECT_EQ(exit_code_for_status(302), exit_failed);
  EXPECT_EQ(exit_code_for_status(401), exit_denied);
  EXPECT_EQ(exit_code_for_status(403), exit_denied);
  EXPECT_EQ(exit_code_for_status(404), exit_failed);
  EXPECT_EQ(exit_code_for_status(429), exit_unreachable);
  EXPECT_EQ(exit_code_for_status(503), exit_unreachable);
}

}  // namespace
}  // namespace valetkey::cli
