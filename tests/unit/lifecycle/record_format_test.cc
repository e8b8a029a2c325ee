// SPDX-License-Identifier: Apache-2.0
// A record as bytes: it comes back whole, and whatever else comes is refused (rules C8, F2).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "lifecycle/shared_record.h"
#include "support/test_token.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};
constexpr ClockOffset offset_here = 12345h + 7ns;
constexpr ClockOffset offset_there = 67890h + 11ns;
/// What an instant of this machine is on the other.
constexpr std::chrono::nanoseconds shift = offset_here - offset_there;

std::string plain(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}
Result<SharedRecord> decoded(std::string_view bytes, ClockOffset offset = offset_here) {
  return decode_record(Secret(bytes), offset);
}
void expect_refused(std::string_view bytes, const std::string& what) {
  const auto record = decoded(bytes);
  ASSERT_FALSE(record) << what;
  EXPECT_EQ(record.error().code, Errc::malformed_response) << what;
}

CachedToken full_token() {
  TokenFields fields = support::fields_of({.value = "secret", .sent_at = start});
  fields.scopes = {"item_download", "", "item_preview"};
  fields.resource = "https://api.box.com/2.0/files/1";
  fields.shared_link = "https://app.box.com/s/1";
  fields.expires_at_wall = WallTime(1'800'003'600s + 5ns);
  fields.parent = support::fingerprint_of("parent");
  return {AccessToken(std::move(fields)), Lifetime{.ahead_at = start + 45min,
                                                   .cached_until = start + 50min,
                                                   .dead_at = start + 59min,
                                                   .expires_at = start + 1h}};
}

SharedRecord full_record() {
  SharedRecord record;
  record.token.emplace(full_token());
  record.token_position = LogPosition{"epoch", 77};
  record.leases = 9;
  record.lease = Lease{.owner = "a process", .number = 8, .until = start + 35s};
  record.failure = SharedFailure{.error = {.code = Errc::throttled,
                                           .context = "too many",
                                           .hint = "ask later",
                                           .server_text = "slow down",
                                           .retry_after = 17s},
                                 .until = start + 17s,
                                 .count = 3,
                                 .credentials = "label"};
  record.forced_at = start - 3s;
  record.force_succeeded = true;
  record.rejected = support::fingerprint_of("refused");
  record.proven_until = start + 24h;
  return record;
}

TEST(RecordFormat, GivesBackEverythingByTheClockOfWhoeverReads) {
  const Secret bytes = encode_record(full_record(), offset_here);

  const auto read = decode_record(bytes, offset_there);

  ASSERT_TRUE(read);
  ASSERT_TRUE(read->token && read->lease && read->failure);
  const TokenFields& fields = read->token->token.fields();
  const auto original = full_token();
  const TokenFields& written = original.token.fields();
  EXPECT_EQ(support::text_of(read->token->token), "secret");
  EXPECT_EQ(read->token->token.origin(), TokenOrigin::shared);
  EXPECT_EQ(fields.fingerprint, written.fingerprint);
  EXPECT_EQ(fields.provider, "test");
  EXPECT_EQ(fields.subject, user("1"));
  EXPECT_EQ(fields.token_type, "bearer");
  EXPECT_EQ(fields.scopes, written.scopes);
  EXPECT_EQ(fields.resource, written.resource);
  EXPECT_EQ(fields.shared_link, written.shared_link);
  EXPECT_EQ(fields.sent_at, start + shift);
  EXPECT_EQ(fields.expires_at, start + 1h + shift);
  EXPECT_EQ(fields.expires_at_wall, written.expires_at_wall);  // the same everywhere
  EXPECT_EQ(fields.parent, written.parent);
  EXPECT_EQ(read->token->lifetime, (Lifetime{.ahead_at = start + 45min + shift,
                                             .cached_until = start + 50min + shift,
                                             .dead_at = start + 59min + shift,
                                             .expires_at = start + 1h + shift}));
  EXPECT_EQ(read->token_position, (LogPosition{"epoch", 77}));
  EXPECT_EQ(read->leases, 9U);
  EXPECT_EQ(read->lease->owner, "a process");
  EXPECT_EQ(read->lease->number, 8U);
  EXPECT_EQ(read->lease->until, start + 35s + shift);
  EXPECT_EQ(read->failure->error.code, Errc::throttled);
  EXPECT_EQ(read->failure->error.context, "too many");
  EXPECT_EQ(read->failure->error.hint, "ask later");
  EXPECT_EQ(read->failure->error.server_text, "slow down");
  EXPECT_EQ(read->failure->error.retry_after, 17s);
  EXPECT_EQ(read->failure->until, start + 17s + shift);
  EXPECT_EQ(read->failure->count, 3U);
  EXPECT_EQ(read->failure->credentials, "label");
  EXPECT_EQ(read->forced_at, start - 3s + shift);
  EXPECT_TRUE(read->force_succeeded);
  EXPECT_EQ(read->rejected, support::fingerprint_of("refused"));
  EXPECT_EQ(read->proven_until, start + 24h + shift);
}

TEST(RecordFormat, GivesBackARecordOfNothing) {
  const auto read = decode_record(encode_record({}, offset_here), offset_there);

  ASSERT_TRUE(read);
  EXPECT_FALSE(read->token || read->token_position || read->lease || read->failure);
  EXPECT_FALSE(read->forced_at || read->rejected || read->proven_until);
  EXPECT_FALSE(read->force_succeeded);
  EXPECT_EQ(read->leases, 0U);
}

TEST(RecordFormat, GivesBackInstantsWhereTheSumWrapsAround) {
  SharedRecord record;
  record.forced_at = Instant(-5s);
  const ClockOffset ends[] = {ClockOffset::max(), ClockOffset::min(), 0ns, -1ns};
  for (const auto offset : ends) {
    const auto read = decode_record(encode_record(record, offset), offset);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->forced_at, Instant(-5s));
  }
}

TEST(RecordFormat, GivesBackEveryCodeOfAnError) {
  for (const auto code : {Errc::invalid_client, Errc::invalid_grant, Errc::invalid_scope,
                          Errc::invalid_target, Errc::access_denied, Errc::unauthorized_client,
                          Errc::unsupported_grant_type, Errc::invalid_request}) {
    SharedRecord record;
    record.failure = SharedFailure{.error = {.code = code, .context = {}}};
    const auto read = decode_record(encode_record(record, offset_here), offset_here);
    ASSERT_TRUE(read) << name_of(code);
    EXPECT_EQ(read->failure->error.code, code);
  }
}

TEST(RecordFormat, ShortensWordsThatAreTooLongAndKeepsTheRest) {
  SharedRecord record = full_record();
  record.failure->error.context = std::string(100'000, 'c');
  record.failure->error.hint = std::string(100'000, 'h');
  record.failure->error.server_text = std::string(100'000, 's');
  record.failure->count = 0xFFFFFFFFU;

  const auto read = decode_record(encode_record(record, offset_here), offset_here);

  ASSERT_TRUE(read);
  EXPECT_EQ(read->failure->error.context, std::string(1024, 'c'));
  EXPECT_EQ(read->failure->error.server_text.size(), 4096U);
  EXPECT_EQ(read->failure->count, 1U << 20U);
  EXPECT_EQ(read->failure->credentials, "label");
}

// Rule C8
TEST(RecordFormat, RefusesEveryBeginningOfARecord) {
  for (const auto& bytes :
       {plain(encode_record(full_record(), offset_here)), plain(encode_record({}, offset_here))}) {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      expect_refused(std::string_view(bytes).substr(0, size), std::to_string(size));
    expect_refused(bytes + '\0', "one byte more");
    expect_refused(bytes + bytes, "twice");
  }
}

// Rules C8, F2
TEST(RecordFormat, ReadsWithinItsLimitsWhicheverByteIsChanged) {
  const std::string whole = plain(encode_record(full_record(), offset_here));
  std::size_t read = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned bits : {0x01U, 0x80U, 0xFFU, 0x20U}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ bits);
      const auto record = decoded(bytes);
      if (!record) {
        EXPECT_EQ(record.error().code, Errc::malformed_response) << at;
        continue;
      }
      ++read;
      // What is read is what is written: nothing was guessed, dropped or made up.
      EXPECT_EQ(plain(encode_record(*record, offset_here)), bytes) << at;
      EXPECT_LE(record->failure->count, 1U << 20U) << at;
      EXPECT_GE(life_of(*record, start, CachePolicy{}), 1s) << at;
    }
  }
  EXPECT_GT(read, whole.size() / 4);  // texts and times may be anything
}

std::string number(std::uint64_t value) {
  std::string bytes;
  for (int shift_by = 56; shift_by >= 0; shift_by -= 8)
    bytes += static_cast<char>((value >> static_cast<unsigned>(shift_by)) & 0xFFU);
  return bytes;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

// Rules C8, F2
TEST(RecordFormat, RefusesLengthsAndCountsBeyondItsLimits) {
  const std::string whole = plain(encode_record(full_record(), offset_here));
  const std::string scope = number(13) + "item_download";
  for (const auto huge : {std::uint64_t{1} << 63U, ~std::uint64_t{0}, std::uint64_t{1} << 32U,
                          std::uint64_t{base::token_bytes_max} + 1}) {
    expect_refused(replaced(whole, number(6) + "secret", number(huge) + "secret"), "the token");
    expect_refused(replaced(whole, scope, number(huge) + "item_download"), "a scope");
    expect_refused(replaced(whole, number(3) + scope, number(huge) + scope), "count of scopes");
    expect_refused(replaced(whole, number(9) + "a process", number(huge) + "a process"), "owner");
    expect_refused(replaced(whole, number(9) + "throttled", number(huge) + "throttled"), "code");
  }
  expect_refused(replaced(whole, number(6) + "secret", number(0)), "a token of nothing");
  expect_refused(replaced(whole, "throttled", "throttle?"), "a code that is not one");
  const auto print = std::string(support::fingerprint_of("parent").text());
  expect_refused(replaced(whole, print, "ABCDEF012345"), "a fingerprint in capitals");
  expect_refused(replaced(whole, number(1), number(2)), "another version");
  expect_refused(number(1) + number(2) + whole.substr(16), "a flag that is neither");
}

// Rule F2
TEST(RecordFormat, RefusesOneScopeTooMany) {
  for (const std::size_t more : {0U, 1U}) {
    TokenFields fields = support::fields_of({.sent_at = start});
    fields.scopes.assign(base::scopes_max + more, "s");
    SharedRecord record;
    record.token.emplace(AccessToken(std::move(fields)), Lifetime{.expires_at = start + 1h});

    const auto read = decode_record(encode_record(record, offset_here), offset_here);

    EXPECT_EQ(read.has_value(), more == 0);
  }
}

// Rule F2
TEST(RecordFormat, RefusesTimesSoFarAwayThatSumsOverflow) {
  for (const auto far :
       {Instant::max(), Instant::min(), Instant(std::chrono::hours(24 * 365 * 150)),
        Instant(-std::chrono::hours(24 * 365 * 150))}) {
    SharedRecord record;
    record.proven_until = far;
    EXPECT_FALSE(decode_record(encode_record(record, offset_here), offset_here));
  }
}

}  // namespace
}  // namespace valetkey::lifecycle
