// SPDX-License-Identifier: Apache-2.0
#include "cache/memory_cache.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/fake_clock.h"
#include "support/test_token.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using support::TestToken;

class MemoryCacheTest : public testing::Test {
 protected:
  CachedToken cached(const std::string& value, std::chrono::seconds life = 1h) {
    const Instant now = clock_->now();
    return {support::make_token({.value = value, .sent_at = now, .expires_in = life}),
            {.ahead_at = now + life / 2,
             .cached_until = now + life / 2,
             .dead_at = now + life,
             .expires_at = now + life}};
  }
  static std::string value_of(const std::optional<CachedToken>& found) {
    return found ? support::text_of(found->token) : "nothing";
  }

  std::shared_ptr<support::FakeClock> clock_ = std::make_shared<support::FakeClock>();
};

TEST_F(MemoryCacheTest, FindsWhatWasStoredUnderItsKeyAlone) {
  MemoryCache cache({}, clock_);
  cache.store("a", cached("one"));
  cache.store("b", cached("two"));

  EXPECT_EQ(value_of(cache.find("a")), "one");
  EXPECT_EQ(value_of(cache.find("b")), "two");
  EXPECT_EQ(value_of(cache.find("c")), "nothing");
}

TEST_F(MemoryCacheTest, ErasesOnlyTheTokenOfThatFingerprint) {
  MemoryCache cache({}, clock_);
  cache.store("a", cached("newer"));

  cache.erase("a", support::fingerprint_of("older"));
  EXPECT_EQ(value_of(cache.find("a")), "newer");

  cache.erase("a", support::fingerprint_of("newer"));
  EXPECT_EQ(value_of(cache.find("a")), "nothing");
}

// Rule C6
TEST_F(MemoryCacheTest, EvictsTheExpiredFirst) {
  MemoryCache cache({.entries_max = 3}, clock_);
  cache.store("long", cached("one", 2h));
  cache.store("short", cached("two", 1min));
  cache.store("middle", cached("three", 1h));
  clock_->advance(2min);

  cache.store("new", cached("four", 1h));

  EXPECT_EQ(value_of(cache.find("short")), "nothing");
  EXPECT_EQ(value_of(cache.find("long")), "one");
  EXPECT_EQ(value_of(cache.find("middle")), "three");
  EXPECT_EQ(value_of(cache.find("new")), "four");
}

// Rule C6
TEST_F(MemoryCacheTest, EvictsWhatNobodyAskedForBeforeWhatIsInUse) {
  MemoryCache cache({.entries_max = 3}, clock_);
  for (const auto* const key : {"a", "b", "c"})
    cache.store(key, cached(key));
  cache.store("d", cached("d"));  // the round clears all marks and takes the oldest
  EXPECT_EQ(value_of(cache.find("a")), "nothing");
  EXPECT_EQ(value_of(cache.find("b")), "b");

  cache.store("e", cached("e"));

  EXPECT_EQ(value_of(cache.find("b")), "b");
  EXPECT_EQ(value_of(cache.find("c")), "nothing");
}

// Rule C6
TEST_F(MemoryCacheTest, StaysWithinItsBytes) {
  MemoryCache cache({.entries_max = 1000, .bytes_max = 20'000}, clock_);

  for (int number = 0; number < 200; ++number) {
    cache.store(std::to_string(number), cached(std::string(1000, 'x')));
    EXPECT_LE(cache.bytes(), 20'000U);
  }

  EXPECT_GT(cache.entries(), 5U);
  EXPECT_EQ(value_of(cache.find("199")).size(), 1000U);
}

TEST_F(MemoryCacheTest, RefusesWhatAloneIsLargerThanAllItsRoom) {
  MemoryCache cache({.entries_max = 10, .bytes_max = 5'000}, clock_);
  cache.store("small", cached("one"));

  cache.store("large", cached(std::string(10'000, 'x')));

  EXPECT_EQ(value_of(cache.find("small")), "one");
  EXPECT_EQ(value_of(cache.find("large")), "nothing");
}

TEST_F(MemoryCacheTest, CountsHitsAcrossARefresh) {
  MemoryCache cache({}, clock_);
  cache.store("a", cached("one"));
  EXPECT_TRUE(cache.find("a"));
  cache.store("a", cached("two"));
  EXPECT_TRUE(cache.find("a"));

  const auto held = cache.list();

  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].hits, 2U);
  EXPECT_EQ(support::text_of(held[0].cached.token), "two");
}

// Rule C6
TEST_F(MemoryCacheTest, HandsOutHandlesThatOutliveTheEviction) {
  MemoryCache cache({.entries_max = 1}, clock_);
  cache.store("a", cached("one"));
  const auto held = cache.find("a");

  cache.store("b", cached("two"));

  EXPECT_EQ(value_of(cache.find("a")), "nothing");
  EXPECT_EQ(value_of(held), "one");
}

}  // namespace
}  // namespace valetkey::cache
