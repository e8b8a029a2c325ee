// SPDX-License-Identifier: Apache-2.0
#include "base/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/text.h"

namespace valetkey::base {
namespace {

using Fields = std::vector<std::string>;  ///< boot and namespace, number, start, salt

Fields own_fields() {
  Fields fields;
  const std::string identity = process_identity("salt");
  for (const auto field : split(identity, ':'))
    fields.emplace_back(field);
  return fields;
}
std::string joined(const Fields& fields) {
  std::string text;
  for (const auto& field : fields)
    text += (text.empty() ? "" : ":") + field;
  return text;
}

/// A child that lives until it is killed.
class Child {
 public:
  Child() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    process_ = ::fork();
    if (process_ == 0) {
      const std::string identity = process_identity("child");
      (void)!::write(ends[1], identity.data(), identity.size());
      ::close(ends[1]);
      for (;;)
        ::pause();
    }
    ::close(ends[1]);
    char block[512];
    for (ssize_t count = 0; (count = ::read(ends[0], block, sizeof block)) > 0;) {
      identity_.append(block, static_cast<std::size_t>(count));
    }
    ::close(ends[0]);
  }
  ~Child() {
    kill();
    reap();
  }
  const std::string& identity() const { return identity_; }
  /// Returns when it is dead, and a zombie.
  void kill() const {
    if (is_reaped_) return;
    ::kill(process_, SIGKILL);
    siginfo_t facts{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(process_), &facts, WEXITED | WNOWAIT), 0);
  }
  void reap() {
    if (is_reaped_) return;
    EXPECT_EQ(::waitpid(process_, nullptr, 0), process_);
    is_reaped_ = true;
  }

 private:
  pid_t process_ = -1;
  std::string identity_;
  bool is_reaped_ = false;
};

TEST(ProcessIdentity, IsThisProcesssAndTheSaltsAlone) {
  EXPECT_EQ(process_identity("a"), process_identity("a"));
  EXPECT_NE(process_identity("a"), process_identity("b"));
  const auto fields = own_fields();
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[1], std::to_string(::getpid()));
  EXPECT_EQ(fields[3], "salt");
  EXPECT_NE(Child().identity(), process_identity("child"));
}

TEST(ProcessIdentity, IsNotGoneWhileTheProcessLives) {
  const Child child;

  EXPECT_FALSE(process_is_gone(process_identity("")));
  EXPECT_FALSE(process_is_gone(process_identity("salt")));
  EXPECT_FALSE(process_is_gone(child.identity()));
}

// Rule C5
TEST(ProcessIdentity, IsGoneAsSoonAsTheProcessIsKilledAndNotOnlyWhenItIsReaped) {
  Child child;

  child.kill();
  EXPECT_TRUE(process_is_gone(child.identity()));

  child.reap();
  EXPECT_TRUE(process_is_gone(child.identity()));
}

TEST(ProcessIdentity, IsGoneWhenItsNumberIsAnotherProcesssNow) {
  auto fields = own_fields();
  fields[2] = "1" + fields[2];

  EXPECT_TRUE(process_is_gone(joined(fields)));
}

// Rule C5
TEST(ProcessIdentity, OfAnotherMachineIsNeverSaidToBeGone) {
  Child child;
  child.kill();
  child.reap();
  auto fields = own_fields();
  fields[1] = std::string(split(child.identity(), ':')[1]);
  ASSERT_TRUE(process_is_gone(joined(fields)));

  auto other_namespace = fields;
  other_namespace[0] += "1";
  EXPECT_FALSE(process_is_gone(joined(other_namespace)));
  auto other_boot = fields;
  other_boot[0][0] = other_boot[0][0] == '0' ? '1' : '0';
  EXPECT_FALSE(process_is_gone(joined(other_boot)));
  auto unknown_place = fields;
  unknown_place[0].clear();
  EXPECT_FALSE(process_is_gone(joined(unknown_place)));
}

TEST(ProcessIdentity, ThatIsNoneIsNeverSaidToBeGone) {
  for (const auto* const text : {"", ":", "::", ":::", "::::", "self", "a:1:1:x"})
    EXPECT_FALSE(process_is_gone(text)) << text;
  for (const auto* const number : {"", "0", "-1", "x", "1x", " 1", "99999999999999999999"}) {
    auto fields = own_fields();
    fields[1] = number;
    EXPECT_FALSE(process_is_gone(joined(fields))) << number;
  }
  auto too_many = own_fields();
  too_many[2] = "1";
  too_many.emplace_back("more");
  EXPECT_FALSE(process_is_gone(joined(too_many)));
}

TEST(ProcessIdentity, WhoseStartIsUnknownCountsAsAliveWhileItsNumberIs) {
  auto fields = own_fields();
  fields[2] = "?";

  EXPECT_FALSE(process_is_gone(joined(fields)));
}

}  // namespace
}  // namespace valetkey::base
