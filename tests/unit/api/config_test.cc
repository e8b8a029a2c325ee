// SPDX-License-Identifier: Apache-2.0
#include "valetkey/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "support/client_world.h"
#include "valetkey/client.h"

namespace valetkey {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view good = R"(
environment = "production"

[provider.box]
type = "box"
base_url = "http://127.0.0.1:8420"
grant = "client_credentials"
client_id = "abc"
client_secret = ["file:new.secret", "file:/old.secret"]
enterprise_id = "1234"

[cache]
lifetime = "40m"
entries_max = 1_000

[http]
timeout = "10s"
connect_timeout = "250ms"
)";

std::vector<std::string> mistakes_of(std::string_view text) {
  auto config = parse_config(text, "dir/valetkey.toml");
  std::vector<std::string> lines;
  if (config) return lines;
  for (const auto& mistake : config.error().mistakes) {
    EXPECT_FALSE(mistake.remedy.empty()) << mistake.what;
    lines.push_back(std::to_string(mistake.line) + ": " + mistake.what + " | " + mistake.remedy);
  }
  return lines;
}

std::string all_mistakes_of(std::string_view text) {
  std::string all;
  for (const auto& line : mistakes_of(text))
    all += line + "\n";
  return all;
}

bool mentions(std::string_view text, std::string_view word) {
  const bool found = text.find(word) != std::string_view::npos;
  EXPECT_TRUE(found) << word << " is not in:\n" << text;
  return found;
}

TEST(ParseConfig, ReadsEveryKey) {
  const auto config = parse_config(good, "dir/valetkey.toml");

  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->environment, Environment::production);
  ASSERT_EQ(config->providers.size(), 1U);
  const auto& box = config->providers[0];
  EXPECT_EQ(box.name, "box");
  EXPECT_EQ(box.grant, "client_credentials");
  EXPECT_EQ(box.client_secret, (std::vector<std::string>{"file:new.secret", "file:/old.secret"}));
  EXPECT_EQ(config->cache.lifetime, 40min);
  EXPECT_EQ(config->cache.entries_max, 1000U);
  EXPECT_EQ(config->http.timeout, 10s);
  EXPECT_EQ(config->http.connect_timeout, 250ms);
  EXPECT_EQ(config->lines.at("provider.box.grant"), 7U);
}

// Rule V1
TEST(ParseConfig, IsProductionUnlessTheFileSaysDevelopment) {
  std::string text(good);
  text.erase(text.find("environment"), text.find("[provider") - text.find("environment"));

  const auto config = parse_config(text, "valetkey.toml");

  ASSERT_TRUE(config);
  EXPECT_EQ(config->environment, Environment::production);
}

// Rule F4
TEST(ParseConfig, TellsAllMistakesAtOnceEachWithItsLineAndARemedy) {
  const auto mistakes = mistakes_of(R"(environment = "prod"
[provider.box]
grand = "jwt"
grant = "client_credential"
client_id = 17
base_url = "http://box.example"
client_secret = "file:secret"
enterprise_id = "1"
[cache]
lifetime = 50
entries_max = "many"
[http]
timeout = "30 seconds"
[telemetry]
on = true
)");

  ASSERT_GE(mistakes.size(), 9U);
  std::string all;
  for (const auto& line : mistakes)
    all += line + "\n";
  mentions(all, "1: environment is neither");
  mentions(all, "3: unknown key grand in [provider.box] | did you mean grant?");
  mentions(all, "4: [provider.box] grant = \"client_credential\" is unknown | did you mean");
  mentions(all, "5: client_id is an integer | write client_id = \"...\"");
  mentions(all, "6: [provider.box] base_url: ");
  mentions(all, "10: lifetime is an integer | write a number and a unit");
  mentions(all, "11: entries_max is a string");
  mentions(all, "13: timeout is not a duration");
  mentions(all, "14: unknown key telemetry");
}

struct MistakeRow {
  const char* what;
  const char* text;
  const char* expected;
};

// Rules F4, S4, V1
TEST(ParseConfig, HasAMessageForEachCommonMistake) {
  const MistakeRow rows[] = {
      {"no provider", "environment = \"production\"", "no provider is configured"},
      {"no grant", "[provider.box]\nclient_id = \"a\"", "grant is missing"},
      {"no client id", "[provider.b]\ngrant = \"client_credentials\"", "client_id is missing"},
      {"no secret", "[provider.b]\ngrant = \"client_credentials\"\nclient_id = \"a\"",
       "client_secret is missing"},
      {"no subject",
       "[provider.b]\ngrant = \"client_credentials\"\nclient_id = \"a\"\n"
       "client_secret = \"file:x\"",
       "enterprise_id is missing, and Box needs a subject"},
      {"jwt without key", "[provider.b]\ngrant = \"jwt\"\nclient_id = \"a\"",
       "private_key is missing"},
      {"plain http", "[provider.b]\ngrant = \"jwt\"\nbase_url = \"http://api.box.com\"",
       "base_url: "},
      {"developer token in production",
       "[provider.b]\ngrant = \"developer_token\"\ndeveloper_token = \"file:x\"",
       "a developer token is refused: the environment is production"},
      {"developer token beside another grant in production",
       "[provider.b]\ngrant = \"jwt\"\napp_config = \"x\"\ndeveloper_token = \"file:x\"",
       "a developer token is refused: the environment is production"},
      {"refresh token not in a file",
       "[provider.b]\ngrant = \"refresh_token\"\nclient_id = \"a\"\nrefresh_token = \"env:X\"",
       "refresh_token is not in a file"},
      {"oauth2 without issuer",
       "[provider.b]\ntype = \"oauth2\"\ngrant = \"client_credentials\"\nclient_id = \"a\"\n"
       "client_secret = \"file:x\"",
       "issuer is missing"},
      {"box's keys with oauth2",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"client_credentials\"\nclient_id = \"a\"\nclient_secret = \"file:x\"\n"
       "enterprise_id = \"1\"",
       "enterprise_id is Box's and type is \"oauth2\""},
      {"box with an issuer",
       "[provider.b]\ngrant = \"client_credentials\"\nissuer = \"https://as.example\"",
       "issuer is for type = \"oauth2\" and type is \"box\""},
      {"box with HTTP Basic",
       "[provider.b]\ngrant = \"client_credentials\"\nclient_auth = \"client_secret_basic\"",
       "client_auth = \"client_secret_basic\" is refused by Box"},
      {"refresh token without a client that proves itself",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"refresh_token\"\nclient_id = \"a\"\nrefresh_token = \"file:x\"",
       "client_secret is missing, and the client must prove who it is"},
      {"a key that is to be sent as a secret",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"client_credentials\"\nclient_id = \"a\"\nprivate_key = \"file:x\"\n"
       "client_auth = \"client_secret_post\"",
       "client_secret is missing, and client_auth = \"client_secret_post\" sends it"},
      {"a secret that is to sign",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"client_credentials\"\nclient_id = \"a\"\nclient_secret = \"file:x\"\n"
       "client_auth = \"private_key_jwt\"",
       "private_key is missing, and client_auth = \"private_key_jwt\" signs with it"},
      {"a client that proves nothing",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"client_credentials\"\nclient_id = \"a\"\nclient_auth = \"none\"",
       "client_auth = \"none\" cannot have grant = \"client_credentials\""},
      {"a key's id without the key",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example\"\n"
       "grant = \"client_credentials\"\nclient_id = \"a\"\nclient_secret = \"file:x\"\n"
       "key_id = \"1\"",
       "key_id is of a private key, and none is named"},
      {"three secrets",
       "[provider.b]\ngrant = \"client_credentials\"\nclient_id = \"a\"\nenterprise_id = \"1\"\n"
       "client_secret = [\"file:a\", \"file:b\", \"file:c\"]",
       "client_secret names more than two sources"},
      {"unknown algorithm", "[provider.b]\ngrant = \"jwt\"\nalgorithm = \"none\"",
       "algorithm is unknown"},
      {"provider that is no table", "provider = \"box\"", "provider is a string"},
      {"an empty text", "[provider.b]\nissuer = \"\"", "issuer is empty"},
      {"an empty type", "[provider.b]\ntype = \"\"", "type is empty"},
      {"an empty secret", "[provider.b]\nclient_secret = \"\"",
       "client_secret: the secret's source is empty"},
      {"an empty secret in a list", "[provider.b]\nclient_secret = [\"file:a\", \"\"]",
       "client_secret: the secret's source is empty"},
      {"an issuer with one slash", "[provider.b]\ntype = \"oauth2\"\nissuer = \"https:/host\"",
       "issuer: the URL cannot be understood"},
      {"a base_url with three slashes", "[provider.b]\nbase_url = \"https:///api.box.com\"",
       "base_url: the URL cannot be understood"},
      {"a base_url with a query", "[provider.b]\nbase_url = \"https://api.box.com/?a=b\"",
       "base_url has a query (?...)"},
      {"an issuer with a query",
       "[provider.b]\ntype = \"oauth2\"\nissuer = \"https://as.example/?a=b\"",
       "issuer has a query (?...)"},
      {"a proxy with a password", "[http]\nproxy = \"http://u:open-sesame@proxy:3128\"",
       "proxy holds a user name or password"},
      {"a proxy with a password and no scheme", "[http]\nproxy = \"u:open-sesame@proxy:3128\"",
       "proxy holds a user name or password"},
      {"a proxy that is none", "[http]\nproxy = \"::::\"", "proxy cannot be understood"},
      {"a proxy of no known kind", "[http]\nproxy = \"ftp://proxy:21\"",
       "proxy cannot be understood"},
      {"a proxy with a path", "[http]\nproxy = \"http://proxy:3128/x\"",
       "proxy cannot be understood"},
      {"no ca_file", "[http]\nca_file = \"/nonexistent/ca.pem\"",
       "ca_file /nonexistent/ca.pem cannot be read: No such file or directory"},
      {"a ca_file that is a directory", "[http]\nca_file = \"/\"", "ca_file / is no file"},
      {"an enterprise in words", "[provider.b]\nenterprise_id = \"my company\"",
       "enterprise_id is not a number"},
      {"a user in words", "[provider.b]\nuser_id = \"me@example.com\"", "user_id is not a number"},
      {"a scope with a space", "[provider.b]\nextra_scopes = [\"a b\"]",
       "extra_scopes holds what is no scope"},
      {"an empty scope", "[provider.b]\nextra_scopes = [\"\"]",
       "extra_scopes holds what is no scope"},
      {"a provider without a name", "[provider.\"\"]\ngrant = \"jwt\"",
       "a provider's name is empty, too long or not printable"},
      {"a provider with a line break in its name", "[provider.\"a\\nb\"]\ngrant = \"jwt\"",
       "a provider's name is empty, too long or not printable"},
      {"a NUL in a path", "[provider.b]\ngrant = \"jwt\"\napp_config = \"/tmp/a\\u0000b\"",
       "app_config holds a control character"},
      {"a line break in a client's id", "[provider.b]\nclient_id = \"a\\nb\"",
       "client_id holds a control character"},
      {"no room for a token", "[cache]\nbytes_max = 1", "bytes_max is below 65536"},
      {"a broker", "[broker]\nlisten = []", "broker is not in this version"},
      {"not TOML", "[provider.box\ngrant = 1", "is not valid TOML"},
  };

  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    mentions(all_mistakes_of(row.text), row.expected);
  }
}

// Rules S2, S3
TEST(ParseConfig, RefusesAProxysPasswordWithoutRepeatingIt) {
  for (const auto* const proxy : {"http://u:open-sesame@proxy:3128", "u:open-sesame@proxy",
                                  "http://open-sesame@proxy", "open:sesame@@proxy:1"}) {
    const auto all = all_mistakes_of("[http]\nproxy = \"" + std::string(proxy) + "\"\n");

    mentions(all, "2: proxy ");
    EXPECT_EQ(all.find("sesame"), std::string::npos) << all;
  }
}

TEST(ParseConfig, TakesEveryUsualSpellingOfAProxy) {
  for (const auto* const proxy :
       {"none", "http://proxy:3128", "https://proxy.example/", "socks5h://127.0.0.1:1080",
        "socks4a://proxy", "proxy:3128", "10.0.0.1:3128", "http://[::1]:3128"}) {
    const auto config =
        parse_config(std::string(good) + "proxy = \"" + proxy + "\"\n", "dir/valetkey.toml");

    EXPECT_TRUE(config) << proxy << ": " << (config ? "" : config.error().context);
  }
}

// Rule F2
TEST(ParseConfig, SurvivesKeysThatAreNestedWithoutEnd) {
  const auto repeated = [](std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t count = 0; count < times; ++count)
      text += piece;
    return text;
  };
  const std::string texts[] = {"a" + repeated(".a", 500'000) + " = 1\n",
                               "a" + repeated(" . a", 250'000) + " = 1\n",
                               "[a" + repeated(".\"\"", 300'000) + "]\n",
                               "a = " + repeated("[", 500'000) + "\n",
                               "a = " + repeated("{a=", 300'000) + "\n",
                               "a = '''\n# ''' \nb" + repeated(".b", 400'000) + " = 1\n",
                               "a = " + repeated("[\n{a" + repeated(".a", 60) + " = ", 100) + "1" +
                                   repeated("}\n]", 100) + "\n"};
  for (const auto& text : texts) {
    const auto config = parse_config(text, "valetkey.toml");

    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, Errc::misconfigured);
  }
}

TEST(ParseConfig, TakesDotsInPathsAndComments) {
  const std::string path = "../../../../../../../../../../../../../../../../../../../..";
  const std::string text = "# " + std::string(300, '.') + "\n" + std::string(good) +
                           "[provider.jwt]\ngrant = \"jwt\"\napp_config = \"" + path +
                           "/box.app.json\"\n";

  const auto config = parse_config(text, "dir/valetkey.toml");

  EXPECT_TRUE(config) << (config ? "" : config.error().context);
}

// Rules S2, S3
TEST(ParseConfig, RefusesALiteralSecretWithoutRepeatingIt) {
  const std::string secret = crypto::random_alphanumerics(32);
  const std::string text =
      "[provider.box]\ngrant = \"client_credentials\"\nclient_id = \"a\"\n"
      "enterprise_id = \"1\"\nclient_secret = \"" +
      secret + "\"\n";

  const std::string all = all_mistakes_of(text);

  mentions(all, "5: [provider.box] client_secret: ");
  mentions(all, "file:");
  EXPECT_EQ(all.find(secret), std::string::npos);
}

// Rule S3
TEST(ParseConfig, QuotesNothingOfAFileThatIsNotToml) {
  const std::string secret = crypto::random_alphanumerics(32);

  const auto config = parse_config("client_secret = " + secret + "\n", "valetkey.toml");

  ASSERT_FALSE(config);
  EXPECT_EQ(describe(config.error()).find(secret), std::string::npos);
}

struct StructRow {
  const char* what;
  void (*spoil)(Config&);
  const char* expected;
};

// Rule F4
TEST(MakeClient, ChecksWhatNoFileHasSaid) {
  const StructRow rows[] = {
      {"a second provider of the same name",
       [](Config& config) { config.providers.push_back(config.providers[0]); },
       "two providers are called box"},
      {"no type", [](Config& config) { config.providers[0].type.clear(); }, "type is empty"},
      {"no name", [](Config& config) { config.providers[0].name.clear(); },
       "a provider's name is empty"},
      {"an empty secret", [](Config& config) { config.providers[0].client_secret = {""}; },
       "client_secret: the secret's source is empty"},
      {"no fetches", [](Config& config) { config.http.fetches_max = 0; }, "fetches_max is zero"},
      {"no entries", [](Config& config) { config.cache.entries_max = 0; }, "entries_max is zero"},
      {"no bytes", [](Config& config) { config.cache.bytes_max = 0; }, "bytes_max is below"},
      {"time that runs backwards", [](Config& config) { config.http.connect_timeout = -1s; },
       "connect_timeout is zero"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    support::ClientWorld world;
    row.spoil(world.config);

    const auto client =
        Client::make(world.config, {.clock = world.clock, .transport = world.transport});

    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, Errc::misconfigured);
    mentions(client.error().context, row.expected);
  }
}

// Rule F2
TEST(LoadConfig, RefusesWhatIsNoConfigurationFile) {
  for (const auto* const path : {"/nonexistent/valetkey.toml", "/tmp", "/dev/zero"}) {
    const auto config = load_config(path);

    ASSERT_FALSE(config) << path;
    EXPECT_EQ(config.error().code, Errc::misconfigured);
    EXPECT_EQ(config.error().mistakes.size(), 1U);
  }
}

}  // namespace
}  // namespace valetkey
