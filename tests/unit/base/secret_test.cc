// SPDX-License-Identifier: Apache-2.0
#include "valetkey/secret.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <ostream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/secret_memory.h"

namespace valetkey {
namespace {

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

const char* place_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return text.data(); });
}

struct Region {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool writable = false;
  bool kept_from_dumps = false;  ///< "dd" in VmFlags
  bool locked = false;           ///< "lo"
};

std::vector<Region> regions() {
  std::vector<Region> found;
  std::ifstream smaps("/proc/self/smaps");
  for (std::string line; std::getline(smaps, line);) {
    if (line.starts_with("VmFlags:")) {
      found.back().kept_from_dumps = line.contains(" dd");
      found.back().locked = line.contains(" lo");
    } else if (const auto dash = line.find('-'); dash != std::string::npos && dash < 17 &&
                                                 line.find(' ') > dash &&
                                                 line.find(':') > line.find(' ')) {
      found.push_back({std::stoull(line.substr(0, dash), nullptr, 16),
                       std::stoull(line.substr(dash + 1), nullptr, 16),
                       line.substr(line.find(' ')).starts_with(" rw")});
    }
  }
  return found;
}

Region region_of(const char* place) {
  const auto at = reinterpret_cast<std::uintptr_t>(place);
  for (const auto& region : regions()) {
    if (region.begin <= at && at < region.end) return region;
  }
  return {};
}

/// How often the bytes, each taken one lower, occur in all the memory that secrets live in. The
/// thread sanitizer keeps pages of its own there and dies when it is asked about them.
__attribute__((no_sanitize("thread"))) int count_in_secret_memory(std::string_view raised) {
  int count = 0;
  for (const auto& region : regions()) {
    constexpr std::uintptr_t shadow_bytes_min = 64U << 20U;  // a sanitizer's own: not to be read
    if (!region.writable || !region.kept_from_dumps) continue;
    if (region.end - region.begin >= shadow_bytes_min) continue;
    const auto* const begin = reinterpret_cast<const volatile char*>(region.begin);
    const auto* const end = reinterpret_cast<const volatile char*>(region.end) - raised.size();
    for (const auto* at = begin; at <= end; ++at) {
      std::size_t same = 0;
      while (same < raised.size() && at[same] == raised[same] - 1)
        ++same;
      count += same == raised.size() ? 1 : 0;
    }
  }
  return count;
}

std::string lowered(std::string_view raised) {
  std::string text;
  for (const char letter : raised)
    text += static_cast<char>(letter - 1);
  return text;
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& value) {
  value == value;
};

// Rule S1
TEST(Secret, CannotBePrintedComparedOrCopiedByAccident) {
  static_assert(!Printable<Secret>);
  static_assert(!Comparable<Secret>);
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!std::is_copy_constructible_v<SecretBuilder> && !Printable<SecretBuilder>);

  const Secret secret("word");
  const Secret copy = secret.clone();

  EXPECT_EQ(text_of(copy), "word");
  EXPECT_NE(place_of(copy), place_of(secret));
}

TEST(Secret, HoldsAnyBytesOfAnySize) {
  for (const std::size_t size : {1U, 31U, 32U, 33U, 4095U, 4096U, 4097U, 100'000U}) {
    std::string bytes(size, 'x');
    bytes.back() = '\0';

    const Secret secret(bytes);

    EXPECT_EQ(secret.size(), size);
    EXPECT_EQ(text_of(secret), bytes);
  }
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret(std::string_view()).empty());
  EXPECT_TRUE(Secret().clone().empty());
}

TEST(Secret, MovesWithoutLeavingAnythingBehind) {
  Secret from("word-one");
  const char* const place = place_of(from);

  Secret to(std::move(from));

  EXPECT_EQ(place_of(to), place);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the question
  to = Secret("word-two");
  EXPECT_EQ(text_of(to), "word-two");
}

TEST(Secret, SurvivesBeingMovedIntoItself) {
  Secret secret("word");
  Secret& same = secret;

  secret = std::move(same);

  EXPECT_EQ(text_of(secret), "word");
}

TEST(Secret, IsFilledWhereItLives) {
  const Secret secret = Secret::filled(3, [](char* to, std::size_t size) {
    EXPECT_EQ(std::string(to, size), std::string(3, '\0'));
    for (std::size_t at = 0; at < size; ++at)
      to[at] = 'a';
  });

  EXPECT_EQ(text_of(secret), "aaa");
}

// Rule S1
TEST(SecretMemory, IsZeroAfterItWasGivenBack) {
  constexpr std::size_t size = 96;
  constexpr std::size_t link_bytes = sizeof(void*);  // a free block holds the way to the next
  char* const block = base::allocate_secret(size);
  std::fill_n(block, size, 'x');

  base::release_secret(block, size);

  const volatile char* const after = block;
  for (std::size_t at = link_bytes; at < size; ++at)
    EXPECT_EQ(after[at], '\0') << at;
  char* const again = base::allocate_secret(size);
  EXPECT_EQ(again, block);
  EXPECT_EQ(std::string(again, size), std::string(size, '\0'));
  base::release_secret(again, size);
}

// Rule S1
TEST(SecretMemory, GivesLargeBlocksBackToTheKernel) {
  constexpr std::size_t size = 10'000;
  char* const block = base::allocate_secret(size);
  unsigned char resident = 0;
  ASSERT_EQ(mincore(block, 1, &resident), 0);

  base::release_secret(block, size);

  EXPECT_EQ(mincore(block, 1, &resident), -1);
  EXPECT_EQ(errno, ENOMEM);
}

/// Sanitizers let mlock succeed and do nothing.
bool locking_works() {
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool locked = mlock(page, 4096) == 0 && region_of(static_cast<const char*>(page)).locked;
  munmap(page, 4096);
  return locked;
}

// Rule S3
TEST(SecretMemory, IsLeftOutOfCoreDumps) {
  for (const std::size_t size : {10U, 4000U, 50'000U}) {
    const Secret secret{std::string(size, 'x')};

    const Region region = region_of(place_of(secret));

    EXPECT_TRUE(region.kept_from_dumps) << size;
    EXPECT_TRUE(region.locked || !locking_works() || !base::secret_memory_is_locked()) << size;
  }
}

// Rule S1
TEST(SecretMemory, HoldsNothingOfSecretsThatDied) {
  const std::string raised = "nbslfs.pg.uif.hspxui.uftu";
  {
    SecretBuilder builder;
    for (int round = 0; round < 400; ++round)
      builder.append(lowered(raised)).append('|');
    const Secret whole = builder.take();
    const Secret copy = whole.clone();
    const Secret one{lowered(raised)};
    Secret replaced{lowered(raised)};
    replaced = Secret("other");
    EXPECT_GE(count_in_secret_memory(raised), 801);
  }

  EXPECT_EQ(count_in_secret_memory(raised), 0);
}

TEST(SecretMemory, IsSafeToUseFromManyThreads) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread] {
      const std::string mine(static_cast<std::size_t>(40 + thread),
                             static_cast<char>('a' + thread));
      for (int round = 0; round < 2000; ++round) {
        const Secret secret(mine);
        EXPECT_EQ(text_of(secret), mine);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
}

TEST(SecretBuilder, JoinsPiecesAcrossGrowth) {
  SecretBuilder builder;
  std::string expected;
  for (int round = 0; round < 3000; ++round) {
    const std::string piece = std::to_string(round);
    builder.append(piece).append(',').append(Secret("s"));
    expected += piece + ",s";
  }

  EXPECT_EQ(builder.size(), expected.size());
  EXPECT_EQ(text_of(builder.take()), expected);
}

TEST(SecretBuilder, IsEmptyAfterTake) {
  SecretBuilder builder(8);
  builder.append("first");
  EXPECT_EQ(text_of(builder.take()), "first");

  EXPECT_EQ(builder.size(), 0U);
  EXPECT_TRUE(builder.take().empty());
  builder.append("second");
  EXPECT_EQ(text_of(builder.take()), "second");
}

TEST(SecretBuilder, CanBeUsedAgainAfterBeingMovedFrom) {
  SecretBuilder from;
  from.append("first");

  SecretBuilder to(std::move(from));
  from.append("second");  // NOLINT(bugprone-use-after-move): that is the question

  EXPECT_EQ(text_of(to.take()), "first");
  EXPECT_EQ(text_of(from.take()), "second");
}

}  // namespace
}  // namespace valetkey
