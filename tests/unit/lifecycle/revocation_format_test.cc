// SPDX-License-Identifier: Apache-2.0
// The log of revocations as bytes, and how its head grows (rules R3, F2).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lifecycle/revocation_log.h"
#include "support/test_token.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};
constexpr ClockOffset offset_here = 12345h + 7ns;
constexpr ClockOffset offset_there = 67890h + 11ns;
constexpr std::chrono::nanoseconds shift = offset_here - offset_there;

std::string plain(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

LogHead full_head() {
  return {.epoch = "epoch",
          .last = 30,
          .stretches = {{3, start, start + 1h}, {10, start + 1h, start + 2h}, {30, start, start}}};
}
Revocation full_revocation() {
  return {.id = "an id",
          .tombstones = {{support::fingerprint_of("one"), start + 1h},
                         {support::fingerprint_of("two"), start + 2h}},
          .has_fence = true,
          .provider_key = "a provider",
          .subject = user("1"),
          .at = start,
          .until = start + 2h};
}

using Stretches = std::vector<LogStretch>;

TEST(LogHead, BeginsAStretchWithWhatWasClaimedAndHasNoHeadYet) {
  const auto head = appended({.epoch = "e", .last = 4}, 7, start + 1h, start);

  EXPECT_EQ(head.last, 7U);
  EXPECT_EQ(head.stretches, (Stretches{{5, start, start + 1h}}));
  EXPECT_EQ(head.first(), 5U);
}

TEST(LogHead, LetsAStretchLastAnHourAndAsLongAsItsEntries) {
  LogHead head = appended({.epoch = "e"}, 1, start + 1h, start);
  head = appended(head, 2, start + 30min, start + 1min);
  EXPECT_EQ(head.stretches, (Stretches{{1, start, start + 1h}}));
  head = appended(head, 3, start + 3h, start + 1h - 1ns);
  EXPECT_EQ(head.stretches, (Stretches{{1, start, start + 3h}}));

  head = appended(head, 4, start + 2h, start + 1h);
  EXPECT_EQ(head.stretches, (Stretches{{1, start, start + 3h}, {4, start + 1h, start + 2h}}));

  head = appended(head, 5, start + 5h, start + 3h);
  EXPECT_EQ(head.stretches, (Stretches{{5, start + 3h, start + 5h}}));
  EXPECT_EQ(head.last, 5U);
}

TEST(LogHead, SendsNobodyThroughStretchesThatAreOver) {
  LogHead head = appended({.epoch = "e"}, 1, start + 1h, start);
  EXPECT_EQ(head.first(), 1U);

  head = appended(head, 2, start + 4h, start + 2h);
  EXPECT_EQ(head.first(), 2U);
  EXPECT_EQ((LogHead{.epoch = "e", .last = 9}).first(), 10U);
}

TEST(LogHead, CoversASlotWhoseHeadComesLate) {
  LogHead head = appended({.epoch = "e"}, 2, start + 1h, start);  // 1 is on its way
  head = appended(head, 1, start + 2h, start + 1s);
  EXPECT_EQ(head.last, 2U);
  EXPECT_EQ(head.stretches, (Stretches{{1, start, start + 2h}}));

  // Its stretch is over and forgotten; another is open.
  head.stretches = {{10, start + 3h, start + 4h}};
  head.last = 12;
  head = appended(head, 7, start + 5h, start + 3h);
  EXPECT_EQ(head.last, 12U);
  EXPECT_EQ(head.first(), 7U);

  // Between two stretches: the one before it covers it.
  head.stretches = {{3, start, start + 4h}, {20, start + 2h, start + 4h}};
  head.last = 22;
  head = appended(head, 15, start + 6h, start + 3h);
  EXPECT_EQ(head.stretches, (Stretches{{3, start, start + 6h}, {20, start + 2h, start + 4h}}));

  // None is left.
  head.stretches.clear();
  head = appended(head, 21, start + 9h, start + 8h);
  EXPECT_EQ(head.last, 22U);
  EXPECT_EQ(head.first(), 21U);
}

TEST(LogHead, HasEightStretchesAtMostAndLosesNoEntryOfThem) {
  LogHead head{.epoch = "e"};
  for (unsigned slot = 1; slot <= 12; ++slot)
    head = appended(head, slot, start + 100h + slot * 1min, start + slot * 2h);

  EXPECT_EQ(head.stretches.size(), 8U);
  EXPECT_EQ(head.first(), 1U);
  EXPECT_EQ(head.stretches.front().until, start + 100h + 5min);

  // One that comes late to a full head, from before all of them.
  head.stretches.front().first = 2;
  head = appended(head, 1, start + 200h, start + 24h);
  EXPECT_EQ(head.stretches.size(), 8U);
  EXPECT_EQ(head.first(), 1U);
  EXPECT_EQ(head.stretches.front().until, start + 200h);
}

TEST(LogHead, IsReadableWhateverOrderSlotsComeIn) {
  LogHead head{.epoch = "e"};
  std::uint64_t any = 1;
  for (unsigned step = 0; step < 3000; ++step) {
    any = any * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t ahead = head.last + 1 + (any >> 33U) % 3;
    const std::uint64_t back = std::max<std::uint64_t>(head.last, 9) - (any >> 33U) % 9;
    const std::uint64_t slot = (any >> 60U) < 10 ? ahead : std::max<std::uint64_t>(back, 1);
    const Instant now = start + step * 7min;
    const Instant until = now + std::chrono::minutes((any >> 40U) % 600 + 1);
    head = appended(std::move(head), slot, until, now);

    const auto read = decode_head(encode_head(head, offset_here), offset_here);
    ASSERT_TRUE(read) << step;
    EXPECT_EQ(*read, head);
    EXPECT_LE(head.first(), slot);
  }
}

TEST(RevocationFormat, GivesBackAHeadByTheClockOfWhoeverReads) {
  LogHead expected = full_head();
  for (auto& stretch : expected.stretches) {
    stretch.since += shift;
    stretch.until += shift;
  }

  const auto read = decode_head(encode_head(full_head(), offset_here), offset_there);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, expected);

  const LogHead of_nothing{.epoch = "e"};
  const auto empty = decode_head(encode_head(of_nothing, offset_here), offset_there);
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, of_nothing);
  EXPECT_FALSE(decode_head(encode_head({.last = 1}, offset_here), offset_there));
}

TEST(RevocationFormat, GivesBackARevocationByTheClockOfWhoeverReads) {
  Revocation expected = full_revocation();
  for (auto& tombstone : expected.tombstones)
    tombstone.until += shift;
  expected.at += shift;
  expected.until += shift;

  const auto read =
      decode_revocation(encode_revocation(full_revocation(), offset_here), offset_there);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, expected);

  Revocation empty;
  empty.at = empty.until = start;
  const auto of_nothing = decode_revocation(encode_revocation(empty, offset_here), offset_here);
  ASSERT_TRUE(of_nothing);
  EXPECT_EQ(*of_nothing, empty);
}

TEST(RevocationFormat, GivesBackAsManyTombstonesAsOneEntryMayHave) {
  for (const std::size_t more : {0U, 1U}) {
    Revocation revocation = full_revocation();
    revocation.tombstones.assign(tombstones_max + more, {support::fingerprint_of("one"), start});

    const auto read = decode_revocation(encode_revocation(revocation, offset_here), offset_here);

    EXPECT_EQ(read.has_value(), more == 0);
  }
}

// Rules C8, F2
TEST(RevocationFormat, RefusesEveryBeginningOfAValueAndTheOtherKind) {
  const std::string head = plain(encode_head(full_head(), offset_here));
  const std::string revocation = plain(encode_revocation(full_revocation(), offset_here));
  const auto expect_refused = [](const std::string& bytes) {
    const auto as_head = decode_head(Secret(bytes), offset_here);
    const auto as_revocation = decode_revocation(Secret(bytes), offset_here);
    ASSERT_FALSE(as_head || as_revocation) << bytes.size();
    EXPECT_EQ(as_head.error().code, Errc::malformed_response);
    EXPECT_EQ(as_revocation.error().code, Errc::malformed_response);
  };
  for (const auto& whole : {head, revocation}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      expect_refused(whole.substr(0, size));
    expect_refused(whole + "x");
  }
  EXPECT_FALSE(decode_head(Secret(revocation), offset_here));
  EXPECT_FALSE(decode_revocation(Secret(head), offset_here));
}

// Rules C8, F2
TEST(RevocationFormat, ReadsWithinItsLimitsWhicheverByteIsChanged) {
  const std::string head = plain(encode_head(full_head(), offset_here));
  const std::string revocation = plain(encode_revocation(full_revocation(), offset_here));
  for (const unsigned bits : {0x01U, 0x80U, 0xFFU, 0x20U}) {
    const auto changed = [bits](std::string bytes, std::size_t at) {
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ bits);
      return bytes;
    };
    for (std::size_t at = 0; at < head.size(); ++at) {
      const auto bytes = changed(head, at);
      const auto read = decode_head(Secret(bytes), offset_here);
      if (!read) continue;
      EXPECT_EQ(plain(encode_head(*read, offset_here)), bytes) << at;
      EXPECT_LE(read->first(), read->last) << at;
    }
    for (std::size_t at = 0; at < revocation.size(); ++at) {
      const auto bytes = changed(revocation, at);
      const auto read = decode_revocation(Secret(bytes), offset_here);
      if (!read) continue;
      EXPECT_EQ(plain(encode_revocation(*read, offset_here)), bytes) << at;
    }
  }
}

// Rule F2
TEST(RevocationFormat, RefusesAHeadThatWouldSendItsReaderAstray) {
  const auto is_readable = [](const LogHead& head) {
    return decode_head(encode_head(head, offset_here), offset_here).has_value();
  };
  LogHead head = full_head();
  EXPECT_TRUE(is_readable(head));
  head.stretches[1].first = 3;  // twice the same
  EXPECT_FALSE(is_readable(head));
  head.stretches[1].first = 31;  // not in order, and beyond the end
  EXPECT_FALSE(is_readable(head));
  head = full_head();
  head.stretches[0].first = 0;
  EXPECT_FALSE(is_readable(head));
  head = full_head();
  head.last = 29;
  EXPECT_FALSE(is_readable(head));
  head = full_head();
  head.stretches.clear();
  for (std::uint64_t first = 1; first <= 9; ++first)
    head.stretches.push_back({first, start, start});
  EXPECT_FALSE(is_readable(head));
}

}  // namespace
}  // namespace valetkey::lifecycle
