// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <string>

#include "crypto/signing_key.h"
#include "support/client_world.h"

namespace valetkey::api {
namespace {

using support::ClientWorld;
using testing::ElementsAre;
using testing::HasSubstr;

std::string new_key() {
  return crypto::generate_rsa_key(2048)
      .encrypted_pem(Secret("passphrase"))
      .reveal([](std::string_view pem) { return std::string(pem); });
}

/// Two secrets and a key, each in its file.
struct CredentialsWorld {
  CredentialsWorld() {
    auto& provider = world.config.providers[0];
    provider.client_secret = {"file:" + world.directory.write("first", "first-one"),
                              "file:" + world.directory.write("second", "second-one")};
    provider.private_key = "file:" + world.directory.write("key", new_key());
    provider.private_key_passphrase = "file:" + world.directory.write("passphrase", "passphrase");
    held = Credentials::make(world.config, provider, world.clock, mistakes);
    EXPECT_TRUE(held) << (mistakes.empty() ? "" : mistakes[0].what);
  }

  void remove(const std::string& name) {
    EXPECT_EQ(::unlink((world.directory.path() + "/" + name).c_str()), 0);
  }

  std::vector<std::string> secrets() const {
    std::vector<std::string> texts;
    for (const auto& secret : held->held()->secrets)
      texts.push_back(secret.reveal([](std::string_view text) { return std::string(text); }));
    return texts;
  }

  ClientWorld world;
  std::vector<Mistake> mistakes;
  std::unique_ptr<Credentials> held;
};

// Rule S6
TEST(Credentials, KeepTheOldSecretOfASourceThatFails) {
  CredentialsWorld its;
  const auto before = its.held->held();
  its.world.directory.write("first", "first-two");
  its.remove("second");

  const auto reloaded = its.held->reload();

  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Errc::secret_unavailable);
  EXPECT_THAT(describe(reloaded.error()), HasSubstr("second"));
  EXPECT_THAT(its.secrets(), ElementsAre("first-two", "second-one"));
  EXPECT_EQ(its.held->held()->key_digest, before->key_digest);
}

// Rule S6
TEST(Credentials, KeepTheOldKeyWhenTheNewOneCannotBeRead) {
  CredentialsWorld its;
  const auto before = its.held->held();
  its.world.directory.write("first", "first-two");
  its.world.directory.write("key", "not a key");

  EXPECT_FALSE(its.held->reload());

  EXPECT_THAT(its.secrets(), ElementsAre("first-two", "second-one"));
  EXPECT_EQ(its.held->held()->key_digest, before->key_digest);
  ASSERT_TRUE(its.held->held()->key);
  EXPECT_EQ(its.held->held()->key->public_pem(), before->key->public_pem());
}

// Rule S6
TEST(Credentials, TakeANewKeyAlthoughASecretFails) {
  CredentialsWorld its;
  const auto before = its.held->held();
  its.remove("first");
  its.world.directory.write("key", new_key());

  EXPECT_FALSE(its.held->reload());

  EXPECT_THAT(its.secrets(), ElementsAre("first-one", "second-one"));
  EXPECT_NE(its.held->held()->key_digest, before->key_digest);
}

// Rule S6
TEST(Credentials, KeepAllOfAnAppSettingsFileThatCannotBeRead) {
  CredentialsWorld its;
  auto& provider = its.world.config.providers[0];
  provider.private_key.clear();
  provider.private_key_passphrase.clear();
  boost::json::value app = {
      {"boxAppSettings",
       {{"clientID", "app"},
        {"clientSecret", "of-the-app"},
        {"appAuth",
         {{"publicKeyID", "1"}, {"privateKey", new_key()}, {"passphrase", "passphrase"}}}}},
      {"enterpriseID", "7"}};
  provider.app_config = its.world.directory.write("app.json", boost::json::serialize(app));
  its.held = Credentials::make(its.world.config, provider, its.world.clock, its.mistakes);
  ASSERT_TRUE(its.held) << its.mistakes[0].what;
  const auto before = its.held->held();
  its.world.directory.write("app.json", "{");
  its.world.directory.write("second", "second-two");

  EXPECT_FALSE(its.held->reload());

  EXPECT_THAT(its.secrets(), ElementsAre("first-one", "second-two", "of-the-app"));
  EXPECT_EQ(its.held->held()->app.client_id, "app");
  EXPECT_EQ(its.held->held()->key_digest, before->key_digest);
}

}  // namespace
}  // namespace valetkey::api
