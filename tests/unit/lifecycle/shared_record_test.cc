// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shared_record.h"

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/test_token.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};
const CachePolicy policy{};
const std::string self = "self";

CachedToken cached_token(const std::string& value = "token") {
  return {support::make_token({.value = value, .sent_at = start}),
          plan_lifetime(start, start + 1h, policy, 0.0)};
}

/// What a table's row changes of a record that holds a token of an hour, and of a plain wish.
using Change = std::function<void(SharedRecord&, Wish&, Instant now)>;

Change all(std::initializer_list<Change> changes) {
  return [each = std::vector<Change>(changes)](SharedRecord& record, Wish& wish, Instant now) {
    for (const auto& change : each)
      change(record, wish, now);
  };
}

Change lease_of(const std::string& owner, std::chrono::nanoseconds left = 10s) {
  return [=](SharedRecord& record, Wish&, Instant now) {
    record.leases = 1;
    record.lease = Lease{.owner = owner, .number = 1, .until = now + left};
  };
}
Change failed_with(const std::string& credentials, std::chrono::nanoseconds left = 1min) {
  return [=](SharedRecord& record, Wish& wish, Instant now) {
    record.failure = SharedFailure{
        .error = {.code = Errc::invalid_grant, .context = {}}, .until = now + left, .count = 1};
    record.failure->credentials = credentials;
    wish.credentials = "mine";
  };
}
Change forced(std::chrono::nanoseconds ago, bool has_succeeded) {
  return [=](SharedRecord& record, Wish&, Instant now) {
    record.forced_at = now - ago;
    record.force_succeeded = has_succeeded;
  };
}
Change wants_life(std::chrono::seconds life) {
  return [=](SharedRecord&, Wish& wish, Instant) { wish.min_life = life; };
}
Change proven(std::chrono::nanoseconds left) {
  return [=](SharedRecord& record, Wish&, Instant now) { record.proven_until = now + left; };
}

const Change nothing = [](SharedRecord&, Wish&, Instant) {};
const Change no_token = [](SharedRecord& record, Wish&, Instant) { record.token.reset(); };
const Change refresh = [](SharedRecord&, Wish& wish, Instant) { wish.is_refresh = true; };
const Change trial = [](SharedRecord&, Wish& wish, Instant) { wish.is_trial = true; };
const Change rejected_here = [](SharedRecord&, Wish& wish, Instant) {
  wish.rejected = support::fingerprint_of("token");
};
const Change rejected_there = [](SharedRecord& record, Wish&, Instant) {
  record.rejected = support::fingerprint_of("token");
};
const Change another_was_rejected = [](SharedRecord& record, Wish& wish, Instant) {
  record.rejected = support::fingerprint_of("an older one");
  wish.rejected = support::fingerprint_of("another older one");
};

struct Row {
  const char* what;
  std::chrono::nanoseconds age;
  Change change;
  BoardingStep step;
  bool is_forced = false;
  bool holder_is_gone = false;
};

void expect_steps(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    SharedRecord record;
    record.token.emplace(cached_token());
    Wish wish;
    const Instant now = start + row.age;
    row.change(record, wish, now);

    const auto boarding = next_boarding(record, wish, self, row.holder_is_gone, now, policy);

    EXPECT_EQ(boarding.step, row.step) << row.what;
    EXPECT_EQ(boarding.is_forced, row.is_forced) << row.what;
  }
}

constexpr auto serve = BoardingStep::serve;
constexpr auto wait = BoardingStep::wait;
constexpr auto fetch = BoardingStep::fetch;
constexpr auto refuse = BoardingStep::fail;

// Rules C4, C5
TEST(NextBoarding, LetsOneFetchAndTheOthersServeOrWait) {
  const auto another = lease_of("another");
  expect_steps({
      {"nothing there", 0s, no_token, fetch},
      {"nothing there, another fetches", 0s, all({no_token, another}), wait},
      {"nothing there, we fetch: the flight before this one died", 0s,
       all({no_token, lease_of(self)}), fetch},
      {"nothing there, the lease ran out", 0s, all({no_token, lease_of("another", 0s)}), fetch},
      {"nothing there, the lease ends in a moment", 0s, all({no_token, lease_of("another", 1ns)}),
       wait},
      {"nothing there, the holder is gone", 0s, all({no_token, another}), fetch, false, true},

      {"fresh", 1min, nothing, serve},
      {"fresh, wanted newer", 1min, refresh, serve},
      {"fresh, another fetches", 1min, another, serve},

      {"ahead, asked for by who has nothing", 46min, nothing, serve},
      {"ahead, wanted newer", 46min, refresh, fetch},
      {"ahead, another refreshes", 46min, another, serve},
      {"ahead, wanted newer, another refreshes", 46min, all({refresh, another}), wait},
      {"ahead, wanted newer, the lease ran out", 46min, all({refresh, lease_of("another", 0s)}),
       fetch},
      {"ahead, wanted newer, our own lease", 46min, all({refresh, lease_of(self)}), fetch},
      {"ahead, wanted newer, the holder is gone", 46min, all({refresh, another}), fetch, false,
       true},

      {"stale", 55min, nothing, fetch},
      {"stale, another refreshes", 55min, another, wait},
      {"stale, the holder is gone", 55min, another, fetch, false, true},

      {"dead", 1h - 30s, nothing, fetch},
      {"dead, another fetches", 1h - 30s, another, wait},
      {"dead, the lease ran out", 1h - 30s, lease_of("another", -1s), fetch},
  });
}

// Rule C9
TEST(NextBoarding, RemembersFailuresOfTheSameCredentialsOnly) {
  expect_steps({
      {"nothing there", 0s, all({no_token, failed_with("mine")}), refuse},
      {"nothing there, the failure is over", 0s, all({no_token, failed_with("mine", 0s)}), fetch},
      {"nothing there, other credentials", 0s, all({no_token, failed_with("old")}), fetch},
      {"nothing there, another tries", 0s, all({no_token, failed_with("old"), lease_of("another")}),
       wait},
      {"fresh", 1min, failed_with("mine"), serve},
      {"ahead, wanted newer", 46min, all({refresh, failed_with("mine")}), serve},
      {"ahead, wanted newer, other credentials", 46min, all({refresh, failed_with("old")}), fetch},
      {"stale", 55min, failed_with("mine"), serve},
      {"stale, other credentials", 55min, failed_with("old"), fetch},
      {"dead", 1h, failed_with("mine"), refuse},
      {"refused by an API", 1min, all({rejected_here, failed_with("mine")}), refuse},
      {"refused by an API, other credentials", 1min, all({rejected_here, failed_with("old")}),
       fetch, true},
      {"too little life", 50min, all({wants_life(30min), failed_with("mine")}), refuse},
  });
}

// Rule U1
TEST(NextBoarding, ForcesOneRefreshInTenSecondsForEveryone) {
  const auto another = lease_of("another");
  expect_steps({
      {"refused here", 1min, rejected_here, fetch, true},
      {"refused there", 1min, rejected_there, fetch, true},
      {"an older one was refused", 1min, another_was_rejected, serve},
      {"refused, another refreshes", 1min, all({rejected_here, another}), wait},
      {"refused there, another refreshes", 1min, all({rejected_there, another}), wait},
      {"refused, the holder is gone", 1min, all({rejected_here, another}), fetch, true, true},
      {"refused, ahead", 46min, rejected_there, fetch, true},
      {"refused, stale", 55min, rejected_there, fetch, true},
      {"refused, dead anyhow", 1h, rejected_there, fetch},

      {"refused, and it is the replacement", 1min, all({rejected_here, forced(9s, true)}), serve},
      {"the replacement, just within", 1min, all({rejected_here, forced(10s - 1ns, true)}), serve},
      {"the replacement, after it", 1min, all({rejected_here, forced(10s, true)}), fetch, true},
      {"refused, and the forced refresh failed", 1min, all({rejected_here, forced(9s, false)}),
       fetch},
      {"refused, the forced refresh failed, another tries", 1min,
       all({rejected_here, forced(9s, false), another}), wait},
  });
}

TEST(NextBoarding, GivesATokenOfTheLifeAskedForOrNone) {
  const auto another = lease_of("another");
  expect_steps({
      {"enough", 30min, wants_life(30min), serve},
      {"too little", 30min, wants_life(30min + 1s), fetch, true},
      {"too little, another fetches", 30min, all({wants_life(31min), another}), wait},
      {"too little, forced lately", 30min, all({wants_life(31min), forced(9s, true)}), refuse},
      {"too little, forced long ago", 30min, all({wants_life(31min), forced(10s, true)}), fetch,
       true},
      {"more than can be counted", 1min, wants_life(std::chrono::seconds::max()), fetch, true},
      {"refused, the replacement, too little", 30min,
       all({rejected_here, forced(9s, true), wants_life(31min)}), refuse},
  });
}

// Rule C9
TEST(NextBoarding, LetsCredentialsThatAreProvenThroughAndOthersBeTriedOnce) {
  expect_steps({
      {"proven", 0s, all({trial, no_token, proven(1ns)}), serve},
      {"proven, while somebody tries", 0s, all({trial, no_token, proven(1s), lease_of("another")}),
       serve},
      {"proven, after a refusal", 0s, all({trial, no_token, proven(1s), failed_with("mine")}),
       serve},
      {"not any more", 0s, all({trial, no_token, proven(0s)}), fetch},
      {"not any more, somebody tries", 0s, all({trial, no_token, proven(0s), lease_of("another")}),
       wait},
  });
}

// Rules C4, C5, C9, U1: what holds whatever comes together.
TEST(NextBoarding, KeepsItsPromisesInEveryCombination) {
  const std::vector<Change> tokens{nothing, no_token};
  const std::vector<Change> leases{nothing, lease_of("another"), lease_of(self),
                                   lease_of("another", 0s)};
  const std::vector<Change> rejections{nothing, rejected_here, rejected_there};
  const std::vector<Change> forces{nothing, forced(9s, true), forced(9s, false), forced(11s, true)};
  const std::vector<Change> failures{nothing, failed_with("mine"), failed_with("old")};
  const std::vector<Change> wishes{nothing, refresh, wants_life(59min)};
  for (const auto age : {0min, 46min, 55min, 60min}) {
    for (unsigned at = 0; at < 2 * 4 * 3 * 4 * 3 * 3 * 2; ++at) {
      unsigned left = at;
      const auto pick = [&left](const std::vector<Change>& from) {
        const auto& picked = from[left % from.size()];
        left /= static_cast<unsigned>(from.size());
        return picked;
      };
      SharedRecord record;
      record.token.emplace(cached_token());
      Wish wish;
      const Instant now = start + age;
      for (const auto* const from : {&tokens, &leases, &rejections, &forces, &failures, &wishes})
        pick (*from)(record, wish, now);
      const bool is_gone = left == 1;

      const auto [step, is_forced] = next_boarding(record, wish, self, is_gone, now, policy);

      const bool is_held = record.token && zone_of(record.token->lifetime, now) != Zone::dead;
      const bool is_anothers =
          record.lease && record.lease->owner != self && now < record.lease->until && !is_gone;
      const bool is_blocked = record.failure && record.failure->credentials == "mine";
      EXPECT_TRUE(step != serve || is_held) << at;
      EXPECT_TRUE(step != serve || record.token->lifetime.expires_at - now >= wish.min_life) << at;
      EXPECT_TRUE(step != wait || is_anothers) << at;
      EXPECT_TRUE(step != fetch || !is_anothers) << at;
      EXPECT_TRUE(step != fetch || !is_blocked) << at;
      EXPECT_TRUE(!is_forced || (step == fetch && is_held)) << at;
    }
  }
}

// Rule C5
TEST(SharedRecord, GivesEachLeaseANumberOfItsOwn) {
  SharedRecord record;
  take_lease(record, {}, "a", false, start, 35s);
  ASSERT_TRUE(record.lease);
  EXPECT_EQ(record.lease->until, start + 35s);
  EXPECT_FALSE(record.forced_at);
  EXPECT_TRUE(holds_lease(record, "a", 1));

  take_lease(record, {}, "b", false, start + 40s, 35s);

  EXPECT_FALSE(holds_lease(record, "a", 1));
  EXPECT_FALSE(holds_lease(record, "a", 2));
  EXPECT_FALSE(holds_lease(record, "b", 1));
  EXPECT_TRUE(holds_lease(record, "b", 2));
  record.lease.reset();
  EXPECT_FALSE(holds_lease(record, "b", 2));
  take_lease(record, {}, "b", false, start + 90s, 35s);
  EXPECT_TRUE(holds_lease(record, "b", 3));
}

// Rule U1
TEST(SharedRecord, NotesWithTheLeaseWhatWasRefusedAndThatItWasForced) {
  SharedRecord record;
  record.token.emplace(cached_token());
  record.force_succeeded = true;

  take_lease(record, {.rejected = support::fingerprint_of("another")}, "a", false, start, 35s);
  EXPECT_FALSE(record.rejected);
  EXPECT_TRUE(record.force_succeeded);

  take_lease(record, {.rejected = support::fingerprint_of("token")}, "a", true, start, 35s);
  EXPECT_EQ(record.rejected, support::fingerprint_of("token"));
  EXPECT_EQ(record.forced_at, start);
  EXPECT_FALSE(record.force_succeeded);
}

TEST(SharedRecord, ForgetsWithANewTokenWhatWasBad) {
  SharedRecord record;
  record.token.emplace(cached_token());
  take_lease(record, {.rejected = support::fingerprint_of("token")}, "a", true, start, 35s);
  record.failure = SharedFailure{.until = start + 1min, .count = 3};

  land_token(record, cached_token("second"), LogPosition{"epoch", 7});

  ASSERT_TRUE(record.token);
  EXPECT_EQ(support::text_of(record.token->token), "second");
  EXPECT_EQ(record.token_position, (LogPosition{"epoch", 7}));
  EXPECT_FALSE(record.lease || record.failure || record.rejected);
  EXPECT_TRUE(record.force_succeeded);
  EXPECT_EQ(record.forced_at, start);
  EXPECT_EQ(record.leases, 1U);

  SharedRecord unforced;
  land_token(unforced, cached_token(), std::nullopt);
  EXPECT_FALSE(unforced.force_succeeded);
}

TEST(SharedRecord, LivesAsLongAsAnythingInItSaysSomething) {
  const auto life_with = [](const std::function<void(SharedRecord&)>& change) {
    SharedRecord record;
    change(record);
    return life_of(record, start, policy);
  };

  EXPECT_EQ(life_with([](SharedRecord&) {}), 1s);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.token.emplace(cached_token()); }), 1h);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.lease = Lease{.until = start + 35s}; }), 35s);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.lease = Lease{.until = start - 35s}; }), 1s);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.failure = SharedFailure{.until = start + 9s}; }),
            9s);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.forced_at = start; }), 10s);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.proven_until = start + 24h; }), 24h);
  EXPECT_EQ(life_with([](SharedRecord& one) { one.proven_until = start + 2s + 1ns; }), 2001ms);
}

}  // namespace
}  // namespace valetkey::lifecycle
