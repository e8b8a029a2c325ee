// SPDX-License-Identifier: Apache-2.0
#include "secrets/private_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "scratch.h"

namespace valetkey::secrets {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void expect_refused(const std::string& path, const std::string& context,
                    const std::string& hint = {}) {
  const auto loaded = load_private_file(path);

  ASSERT_FALSE(loaded) << path;
  EXPECT_EQ(loaded.error().code, Errc::secret_unavailable);
  EXPECT_THAT(loaded.error().context, AllOf(HasSubstr(path), HasSubstr(context)));
  EXPECT_THAT(loaded.error().hint, HasSubstr(hint));
}

/// Runs `work` in a child as the user nobody; whether it said yes.
bool holds_for_nobody(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    const bool dropped = geteuid() != 0 || (setegid(nobody) == 0 && seteuid(nobody) == 0);
    _exit(dropped && work() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

TEST(PrivateFile, IsReadWithoutItsLastNewline) {
  const Scratch scratch;

  EXPECT_EQ(text_of(*load_private_file(scratch.write("a", "word"))), "word");
  EXPECT_EQ(text_of(*load_private_file(scratch.write("b", "word\n"))), "word");
  EXPECT_EQ(text_of(*load_private_file(scratch.write("c", "word\r\n"))), "word");
  EXPECT_EQ(text_of(*load_private_file(scratch.write("d", "one\ntwo\n\n"))), "one\ntwo\n");
  EXPECT_EQ(text_of(*load_private_file(scratch.write("e", " a\tb ", 0400))), " a\tb ");
}

// Rule S2
TEST(PrivateFile, IsRefusedWhenAnyoneElseMayTouchIt) {
  const Scratch scratch;

  for (mode_t mode = 0; mode < 0100; ++mode) {
    const auto path = scratch.write("secret", "word", 0600 | mode);
    const auto loaded = load_private_file(path);

    EXPECT_EQ(loaded.has_value(), mode == 0) << mode;
    if (!loaded) {
      EXPECT_THAT(loaded.error().context, HasSubstr("open to its group or to others"));
      EXPECT_EQ(loaded.error().hint, "chmod 600 " + path);
    }
  }
}

TEST(PrivateFile, IsFoundThroughALink) {
  const Scratch scratch;
  const auto target = scratch.write("target", "word\n");
  ASSERT_EQ(symlink(target.c_str(), scratch.path("link").c_str()), 0);

  EXPECT_EQ(text_of(*load_private_file(scratch.path("link"))), "word");

  chmod(target.c_str(), 0644);
  expect_refused(scratch.path("link"), "open to its group or to others");
}

TEST(PrivateFile, IsRefusedWhenItIsNoRegularFile) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo(scratch.path("pipe").c_str(), 0600), 0);
  ASSERT_EQ(mkdir(scratch.path("directory").c_str(), 0700), 0);
  ASSERT_EQ(symlink(scratch.path("nowhere").c_str(), scratch.path("dangling").c_str()), 0);
  ASSERT_EQ(symlink(scratch.path("loop").c_str(), scratch.path("loop").c_str()), 0);

  expect_refused(scratch.path("pipe"), "is not a regular file");
  expect_refused(scratch.path("directory"), "is a directory");
  expect_refused(scratch.path("dangling"), "does not exist", "chmod 600");
  expect_refused(scratch.path("loop"), "cannot be read");
  expect_refused("/dev/zero", "is not a regular file");
}

// Rule F2
TEST(PrivateFile, HasABoundAndSomethingInIt) {
  const Scratch scratch;

  expect_refused(scratch.write("empty", ""), "is empty");
  expect_refused(scratch.write("blank", "\n"), "is empty");
  expect_refused(scratch.write("huge", std::string(64 * 1024 + 1, 'a')), "larger than 64 KiB");
  EXPECT_EQ(load_private_file(scratch.write("large", std::string(64 * 1024, 'a')))->size(), 65536U);
}

TEST(PrivateFile, HoldsNoControlCharacters) {
  const Scratch scratch;

  for (const char letter : {'\0', '\x01', '\x1b', '\x7f'}) {
    expect_refused(scratch.write("odd", std::string("wo") + letter + "rd"), "control characters");
  }
}

TEST(PrivateFile, IsRefusedWhenThisUserMayNotReadIt) {
  const Scratch scratch;
  const auto path = scratch.write("secret", "word", 0000);
  chmod(scratch.path("").c_str(), 0755);

  EXPECT_TRUE(holds_for_nobody([&] {
    const auto loaded = load_private_file(path);
    return !loaded && loaded.error().context == path + " may not be read by this user";
  }));
}

TEST(PrivateFile, IsRefusedWhenItBelongsToAnotherUser) {
  const Scratch scratch;
  const auto path = scratch.write("secret", "word");
  if (chown(path.c_str(), 65533, 65533) != 0) {
    expect_refused("/etc/passwd", "open to its group or to others");  // root's: no stranger's
    return;  // only root can give a file away
  }

  expect_refused(path, "belongs to another user", "chown");
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(PrivateFile, SaysThatDescriptorsHaveRunOut) {
  const Scratch scratch;
  const auto path = scratch.write("secret", "word");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};

  setrlimit(RLIMIT_NOFILE, &none);
  const auto loaded = load_private_file(path);
  const auto saved = save_private_file(path, Secret("other"));
  setrlimit(RLIMIT_NOFILE, &before);

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::exhausted);
  EXPECT_THAT(loaded.error().hint, HasSubstr("LimitNOFILE"));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::exhausted);
  EXPECT_EQ(text_of(*load_private_file(path)), "word");
}

TEST(SavedFile, IsPrivateAndReplacesTheOldOneWhole) {
  const Scratch scratch;
  const auto path = scratch.write("token", "old", 0644);
  const int reader = open(path.c_str(), O_RDONLY | O_CLOEXEC);

  ASSERT_TRUE(save_private_file(path, Secret("new")));

  EXPECT_EQ(text_of(*load_private_file(path)), "new");
  std::string held(8, '\0');
  EXPECT_EQ(read(reader, held.data(), held.size()), 3);
  EXPECT_EQ(held.substr(0, 3), "old");  // who had it open goes on reading the old one
  close(reader);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path("")), {}), 1);
}

TEST(SavedFile, LeavesALinkALink) {
  const Scratch scratch;
  const auto target = scratch.write("target", "old");
  ASSERT_EQ(symlink(target.c_str(), scratch.path("link").c_str()), 0);

  ASSERT_TRUE(save_private_file(scratch.path("link"), Secret("new")));

  EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("link")));
  EXPECT_EQ(text_of(*load_private_file(target)), "new");
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(SavedFile, SaysWhyItCannotBeWrittenAndLeavesTheOldOne) {
  const Scratch scratch;
  ASSERT_EQ(mkdir(scratch.path("closed").c_str(), 0755), 0);
  const auto path = scratch.write("closed/token", "old");
  chmod(scratch.path("").c_str(), 0755);

  const auto missing = save_private_file(scratch.path("nowhere/token"), Secret("new"));

  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().context, HasSubstr("cannot be written: No such file"));
  chmod(scratch.path("closed").c_str(), 0555);
  EXPECT_TRUE(holds_for_nobody([&] {
    const auto saved = save_private_file(path, Secret("new"));
    return !saved && saved.error().context.contains("Permission denied");
  }));
  chmod(scratch.path("closed").c_str(), 0755);
  EXPECT_EQ(text_of(*load_private_file(path)), "old");
}

// Failure table: full disk, read-only state directory, `EMFILE`
TEST(SavedFile, SaysThatTheDiskIsFull) {
  const Scratch scratch;
  const auto path = scratch.write("token", "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, 0};  // writes fail, as they do on a full disk
    setrlimit(RLIMIT_FSIZE, &none);
    const auto saved = save_private_file(path, Secret("new"));
    _exit(!saved && saved.error().context.contains("cannot be written") ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(text_of(*load_private_file(path)), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path("")), {}), 1);
}

}  // namespace
}  // namespace valetkey::secrets
