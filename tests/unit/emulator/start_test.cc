// SPDX-License-Identifier: Apache-2.0
// Starting: addresses, seed files, and the configuration that is written.
#include "emulated.h"
#include "emulator/seed.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace valetkey::emulator::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

TEST(Start, PicksAPortAndMakesFactsAfresh) {
  const Emulated one;
  const Emulated other;

  EXPECT_THAT(one.url(), MatchesRegex("http://127.0.0.1:[1-9][0-9]*"));
  EXPECT_NE(one.url(), other.url());
  EXPECT_NE(one.facts().client_id, other.facts().client_id);
  EXPECT_NE(one.secret, other.secret);
  EXPECT_THAT(one.facts().client_id, MatchesRegex("[a-z0-9]{32}"));
  EXPECT_THAT(one.facts().admin_id, MatchesRegex("[0-9]+"));
  EXPECT_EQ(one.facts().user_ids.size(), 3U);
  EXPECT_GE(one.facts().root_file_ids.size(), 3U);
  EXPECT_FALSE(one.facts().folder_file_ids.empty());
}

TEST(Start, RefusesWhatIsNoAddressAndOneThatIsTaken) {
  const Emulated running;
  for (const std::string address : {"", "127.0.0.1", "nowhere:80", "127.0.0.1:99999", ":80"}) {
    const auto started = Emulator::start({.listen = address});

    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code, Errc::invalid_argument) << address;
  }
  const auto taken = Emulator::start({.listen = running.url().substr(7)});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::exhausted);
}

TEST(WriteConfig, MakesTheDirectoryAndFilesThatOnlyTheOwnerReads) {
  const Emulated box;
  const TemporaryDirectory parent;
  const auto directory = parent.path() + "/made";

  const auto written = box.emulator->write_config(directory);

  EXPECT_TRUE(written);
  EXPECT_EQ(mode_of(directory), 0700U);
  for (const std::string name : {"client.secret", "developer.token", "box-app.json",
                                 "valetkey.toml", "valetkey-jwt.toml", "valetkey-developer.toml"}) {
    EXPECT_EQ(mode_of(directory + "/" + name), 0600U) << name;
  }
}

TEST(WriteConfig, SaysWhatAConfigurationNeeds) {
  const Emulated box;
  const TemporaryDirectory directory;
  EXPECT_TRUE(box.emulator->write_config(directory.path()));

  const auto main = directory.read("valetkey.toml");
  const auto jwt = directory.read("valetkey-jwt.toml");
  const auto developer = directory.read("valetkey-developer.toml");

  EXPECT_THAT(main, HasSubstr("environment = \"production\""));
  EXPECT_THAT(main, HasSubstr("base_url = \"" + box.url() + "\""));
  EXPECT_THAT(main, HasSubstr("upload_url = \"" + box.url() + "/api\""));
  EXPECT_THAT(main, HasSubstr("client_secret = \"file:client.secret\""));
  EXPECT_THAT(main, HasSubstr("enterprise_id = \"" + box.facts().enterprise_id + "\""));
  EXPECT_THAT(jwt, HasSubstr("app_config = \"box-app.json\""));
  EXPECT_THAT(developer, HasSubstr("environment = \"development\""));
  EXPECT_EQ(directory.read("client.secret"), box.secret);
  EXPECT_EQ(box.get("/2.0/users/me", directory.read("developer.token")).status, 200);
  for (const auto& text : {main, jwt, developer}) {
    EXPECT_EQ(text.find(box.secret), std::string::npos);
    EXPECT_EQ(text.front(), '#');
  }
}

TEST(WriteConfig, WritesBoxsOwnAppFileWithAnEncryptedKey) {
  Emulated box;
  const App app(box);

  const auto& settings = app.settings.at("boxAppSettings");
  const auto& auth = settings.at("appAuth");
  const auto pem = std::string(auth.at("privateKey").as_string());

  EXPECT_EQ(app.settings.at("enterpriseID").as_string(), box.facts().enterprise_id);
  EXPECT_EQ(settings.at("clientID").as_string(), box.facts().client_id);
  EXPECT_EQ(settings.at("clientSecret").as_string(), box.secret);
  EXPECT_EQ(auth.at("publicKeyID").as_string(), box.facts().key_id);
  EXPECT_TRUE(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  EXPECT_FALSE(crypto::parse_signing_key(Secret(pem), Secret("wrong")));
}

TEST(WriteConfig, NeverWritesThroughALinkThatWaitsInTheDirectory) {
  const Emulated box;
  const TemporaryDirectory directory;
  const auto elsewhere = directory.path() + "/elsewhere";
  std::filesystem::create_symlink(elsewhere, directory.path() + "/client.secret");
  std::filesystem::create_symlink(elsewhere, directory.path() + "/client.secret.new");

  EXPECT_TRUE(box.emulator->write_config(directory.path()));

  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  EXPECT_EQ(directory.read("client.secret"), box.secret);
}

TEST(WriteConfig, FailsWhereItCannotWrite) {
  const Emulated box;

  const auto written = box.emulator->write_config("/proc/nowhere/at/all");

  ASSERT_FALSE(written);
  EXPECT_FALSE(written.error().hint.empty());
}

TEST(SeedFile, ReplacesTheWorld) {
  const auto seed = parse_seed(R"({
    "enterprise": {"id": "4242", "name": "Seeded"},
    "users": [{"id": "11", "name": "U"}, {"id": "12", "name": "A", "role": "admin"}],
    "tree": [{"file": "one.txt", "id": "21", "content": "1"},
             {"folder": "F", "id": "22", "children": [{"file": "two.txt", "id": "23"}]}]})");

  ASSERT_TRUE(seed);
  const auto facts = facts_of(*seed);
  EXPECT_EQ(facts.enterprise_id, "4242");
  EXPECT_EQ(facts.admin_id, "12");
  EXPECT_EQ(facts.user_ids, std::vector<std::string>{"11"});
  EXPECT_EQ(facts.root_file_ids, std::vector<std::string>{"21"});
  EXPECT_EQ(facts.folder_id, "22");
  EXPECT_EQ(facts.folder_file_ids, std::vector<std::string>{"23"});
}

TEST(SeedFile, IsServed) {
  const TemporaryDirectory directory;
  const auto path = directory.path() + "/seed.json";
  std::ofstream(path) << R"({"tree":[{"file":"a","id":"77","content":"seeded"}]})";
  const Emulated box({.seed_file = path});

  const auto redirect = box.get("/2.0/files/77/content", box.service_token());

  EXPECT_EQ(ask(box.url(), "GET", redirect.header("Location").substr(box.url().size())).body,
            "seeded");
}

TEST(SeedFile, MistakesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"rubbish", "not JSON"},
      {"[]", "object"},
      {R"({"user":[]})", "\"user\""},
      {R"({"users":[]})", "empty"},
      {R"({"users":[{"id":"x"}]})", "decimal"},
      {R"({"users":[{"id":"1"},{"id":"1"}]})", "two things"},
      {R"({"users":[{"role":"king"}]})", "role"},
      {R"({"tree":[{"id":"5"}]})", "name"},
      {R"({"tree":[{"file":"a"},{"file":"a"}]})", "two items"},
      {R"({"tree":[{"folder":"a","children":5}]})", "children"},
      {R"({"redirect_uris":[]})", "redirect_uris"},
      {R"({"enterprise":5})", "enterprise"},
  };
  for (const auto& [text, said] : cases) {
    const auto seed = parse_seed(text);

    ASSERT_FALSE(seed) << text;
    EXPECT_EQ(seed.error().code, Errc::misconfigured) << text;
    EXPECT_THAT(seed.error().context, HasSubstr(said)) << text;
  }
  EXPECT_FALSE(load_seed("/nowhere/seed.json"));
}

}  // namespace
}  // namespace valetkey::emulator::test
