// SPDX-License-Identifier: Apache-2.0
#include "cli/token_options.h"

namespace valetkey::cli {
namespace {

Config one_provider() {
  Config config;
  config.providers.push_back({.name = "box"});
  return config;
}

// Rule D3
TEST(TokenOptions, AreRefusedWithoutARestriction) {
  const TokenOptions nothing{.user = "12"};

  const auto checked = nothing.check_narrow();

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  EXPECT_THAT(checked.error().hint, testing::HasSubstr("--full"));
}

// Rule D3
TEST(TokenOptions, TakeTheFullTokenByNameOnly) {
  EXPECT_TRUE(TokenOptions{.full = true}.check_narrow());
  EXPECT_TRUE(TokenOptions{.scopes = {"item_download"}}.check_narrow());
  EXPECT_TRUE(TokenOptions{.resource = "files/1"}.check_narrow());
  EXPECT_TRUE(TokenOptions{.shared_link = "https://app.box.com/s/1"}.check_narrow());
}

TEST(TokenOptions, RefuseTheFullTokenWithARestriction) {
  const TokenOptions both{.scopes = {"item_download"}, .full = true};

  EXPECT_FALSE(both.check_narrow());
}

// Rule D3
TEST(TokenOptions, RefuseAnEmptyValueRatherThanIgnoreIt) {
  for (const char* const option : {"--user", "--scope", "--resource", "--shared-link"}) {
    TokenOptions options;
    CLI::App app;
    options.add_subject(app);
    options.add_restriction(app);
    const std::vector<const char*> arguments = {"valetkey", option, ""};

    EXPECT_THROW(app.parse(static_cast<int>(arguments.size()), arguments.data()),
                 CLI::ValidationError)
        << option;
  }
}

// Rule D3
TEST(TokenOptions, TellAnEmptyEnterpriseFromOneThatIsLeftOut) {
  const auto is_empty = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "valetkey");
    return names_empty_enterprise(static_cast<int>(arguments.size()), arguments.data());
  };

  EXPECT_TRUE(is_empty({"token", "--enterprise", ""}));
  EXPECT_TRUE(is_empty({"token", "--enterprise=", "--full"}));
  EXPECT_FALSE(is_empty({"token", "--enterprise"}));
  EXPECT_FALSE(is_empty({"token", "--enterprise", "12"}));
  EXPECT_FALSE(is_empty({"exec", "--full", "--", "program", "--enterprise", ""}));
}

// RFC 6749 §3.3
TEST(TokenOptions, TakeSeveralScopesFromOneOption) {
  const TokenOptions options{.scopes = {"base_preview item_download", "item_upload"}};

  const auto request = options.request({}, one_provider());

  ASSERT_TRUE(request);
  EXPECT_THAT(request->scopes,
              testing::ElementsAre("base_preview", "item_download", "item_upload"));
}

TEST(TokenOptions, NameTheSubject) {
  EXPECT_EQ(TokenOptions{.user = "12"}.subject(), user("12"));
  EXPECT_EQ(TokenOptions{.of_enterprise = true}.subject(), enterprise());
  EXPECT_EQ((TokenOptions{.of_enterprise = true, .enterprise = "7"}.subject()), enterprise("7"));
  EXPECT_EQ(TokenOptions{}.subject(), Subject{});
}

TEST(TokenOptions, NeedAProviderByNameWhereThereAreTwo) {
  Config config = one_provider();
  config.providers.push_back({.name = "archive"});
  const TokenOptions options;

  const auto unnamed = options.request({}, config);
  const auto named = options.request({.provider = "archive"}, config);
  const auto mistyped = options.request({.provider = "archiv"}, config);

  ASSERT_FALSE(unnamed);
  EXPECT_THAT(unnamed.error().hint, testing::HasSubstr("--provider"));
  ASSERT_TRUE(named);
  EXPECT_EQ(named->provider, "archive");
  ASSERT_FALSE(mistyped);
  EXPECT_THAT(mistyped.error().hint, testing::HasSubstr("archive"));
}

}  // namespace
}  // namespace valetkey::cli
