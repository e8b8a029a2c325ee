// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret_ref.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace valetkey::secrets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string base = "/etc/valetkey";

// Rule S2
TEST(SecretRef, ReadsEachKindOfSource) {
  EXPECT_EQ(*parse_secret_ref("file:/run/box.secret", base),
            (SecretRef{SourceKind::file, "/run/box.secret"}));
  EXPECT_EQ(*parse_secret_ref("env:BOX_SECRET", base), (SecretRef{SourceKind::env, "BOX_SECRET"}));
  EXPECT_EQ(*parse_secret_ref("credential:box", base), (SecretRef{SourceKind::credential, "box"}));
  EXPECT_EQ(*parse_secret_ref("command:pass show 'box secret'", base),
            (SecretRef{SourceKind::command, "pass show 'box secret'"}));
}

TEST(SecretRef, StartsRelativePathsAtTheBaseDirectory) {
  EXPECT_EQ(parse_secret_ref("file:box.secret", base)->place, "/etc/valetkey/box.secret");
  EXPECT_EQ(parse_secret_ref("file:../box.secret", base)->place, "/etc/box.secret");
  EXPECT_EQ(parse_secret_ref("file:./keys/./a", base)->place, "/etc/valetkey/keys/a");
}

// Rule S2
TEST(SecretRef, RefusesALiteralSecretAndSaysWhereItBelongs) {
  for (const std::string literal :
       {"s3cr3tW0rdOfBox", "kTu7:8aQx", "Password1!", "hunter2", "-----BEGIN PRIVATE KEY-----",
        "https://user:open-sesame@host/", "/aB3dE5fG7hJ9", "FILE:/etc/x"}) {
    const auto ref = parse_secret_ref(literal, base);

    ASSERT_FALSE(ref) << literal;
    EXPECT_EQ(ref.error().code, Errc::misconfigured);
    EXPECT_THAT(ref.error().context, HasSubstr("looks like the secret itself")) << literal;
    EXPECT_THAT(ref.error().hint, HasSubstr("mode 0600 and write file:PATH")) << literal;
  }
}

// Rules S2, S3
TEST(SecretRef, NeverRepeatsWhatMayBeASecret) {
  std::mt19937 random(20261124);
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/+=-_.~$ \n\"'";
  constexpr std::array<std::string_view, 8> heads = {
      "", "env:", "credential:", "vault:", "keyring:", "fiel:", "file:~", "command:'"};
  for (int round = 0; round < 4000; ++round) {
    std::string tail;
    for (int letter = 0; letter < 24; ++letter)
      tail += letters[random() % letters.size()];
    tail += "=";
    const auto ref = parse_secret_ref(std::string(heads[random() % heads.size()]) + tail, base);
    if (ref) continue;

    const std::string shown = describe(ref.error()) + ref.error().hint;
    for (std::size_t at = 0; at + 8 <= tail.size(); ++at) {
      EXPECT_THAT(shown, Not(HasSubstr(tail.substr(at, 8))));
    }
  }
}

TEST(SecretRef, ExplainsEachOtherMistake) {
  const auto expect = [](const std::string& text, const std::string& words) {
    const auto ref = parse_secret_ref(text, base);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(ref.error().code, Errc::misconfigured) << text;
    EXPECT_THAT(ref.error().context, HasSubstr(words)) << text;
  };

  expect("", "is empty");
  expect("/etc/valetkey/box.secret", "looks like a path");
  expect("./box.secret", "looks like a path");
  expect("keyring:box", "not in this build");
  expect("vault:secret/box", "of no known kind");
  expect("file:", "has no path");
  expect("file:~/box", "what ~ means");
  expect("env:", "name of a variable");
  expect("env:$BOX", "name of a variable");
  expect("env:1BOX", "name of a variable");
  expect("env:A=b", "name of a variable");
  expect("credential:", "plain name");
  expect("credential:..", "plain name");
  expect("credential:.", "plain name");
  expect("credential:a/b", "plain name");
  expect("command:", "has no program");
  expect("command:   ", "has no program");
  expect("command:'' x", "has no program");
  expect("command:pass 'box", "quote that is not closed");
  expect(std::string(5000, 'a'), "looks like the secret itself");
  expect("two\nlines", "looks like the secret itself");
}

// Rule S3
TEST(SecretRef, DescribesACommandByItsProgramAlone) {
  EXPECT_EQ(describe({SourceKind::file, "/etc/x"}), "file:/etc/x");
  EXPECT_EQ(describe({SourceKind::env, "BOX"}), "env:BOX");
  EXPECT_EQ(describe({SourceKind::credential, "box"}), "credential:box");
  EXPECT_EQ(describe({SourceKind::command, "vault read -token=abc x"}), "command:vault ...");
  EXPECT_EQ(describe({SourceKind::command, "show-secret"}), "command:show-secret");
}

TEST(CommandLine, IsSplitAtSpacesOutsideQuotes) {
  EXPECT_THAT(*split_command("a  bc d"), ElementsAre("a", "bc", "d"));
  EXPECT_THAT(*split_command("a 'b c' \"d 'e'\" f'g'h"), ElementsAre("a", "b c", "d 'e'", "fgh"));
  EXPECT_THAT(*split_command("a '' b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(*split_command("a $HOME \\n `x`; | *"),
              ElementsAre("a", "$HOME", "\\n", "`x`;", "|", "*"));
}

}  // namespace
}  // namespace valetkey::secrets
