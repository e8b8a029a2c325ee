// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/revocation_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_clock.h"
#include "support/memory_store.h"
#include "support/test_token.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;
using Operation = support::MemoryStore::Operation;

struct World {
  explicit World(std::size_t copies = 1)
      : store(std::make_shared<support::MemoryStore>(clock, copies)) {}

  Revocation revocation(const std::string& id, std::chrono::nanoseconds life = 1h) const {
    return {.id = id, .has_fence = true, .at = clock->now(), .until = clock->now() + life};
  }
  Deadline soon() const { return {clock->now() + 1h}; }

  /// Returns how many copies have not got it.
  std::size_t append(RevocationLog& log, const std::string& id,
                     std::chrono::nanoseconds life = 1h) {
    auto copies = log.all_copies();
    const auto done = log.append(revocation(id, life), "e" + id, copies, offset, clock->now(),
                                 [this] { return soon(); });
    EXPECT_EQ(done.has_value(), copies.empty());
    return copies.size();
  }
  RevocationLog::Look look(RevocationLog& log) {
    return take(log, store->get(log.head_names(), soon()));
  }
  RevocationLog::Look take(RevocationLog& log, std::vector<SharedStore::Found> heads) {
    std::vector<RevocationLog::Progress> progress;
    auto look = log.read(std::move(heads), offset, progress, soon());
    log.noted(progress);
    return look;
  }
  Ids news(RevocationLog& log) { return ids_of(look(log)); }

  static Ids ids_of(const RevocationLog::Look& look) {
    Ids ids;
    for (const auto& learnt : look.news)
      ids.push_back(learnt.revocation.id);
    return ids;
  }

  std::string head_bytes() {
    auto found = std::move(store->get({{"log", 0}}, soon()).front());
    return (*found)->bytes.reveal([](std::string_view text) { return std::string(text); });
  }

  std::shared_ptr<support::FakeClock> clock = std::make_shared<support::FakeClock>();
  std::shared_ptr<support::MemoryStore> store;
  ClockOffset offset = 5h;
};

// Rule R3
TEST(RevocationLog, TellsEveryReaderEverythingOnceAndInOrder) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  EXPECT_EQ(world.news(reader), Ids{});
  EXPECT_FALSE(reader.position());

  world.append(writer, "1");
  world.append(writer, "2");
  const auto look = world.look(reader);
  EXPECT_EQ(World::ids_of(look), (Ids{"1", "2"}));
  EXPECT_TRUE(look.answered);
  EXPECT_FALSE(look.was_lost || look.error);
  EXPECT_EQ(look.news[0].position, (LogPosition{"e1", 1}));
  EXPECT_EQ(look.news[1].position, (LogPosition{"e1", 2}));
  EXPECT_EQ(look.news[1].revocation, world.revocation("2"));
  EXPECT_EQ(reader.position(), (LogPosition{"e1", 2}));

  EXPECT_EQ(world.news(reader), Ids{});
  world.append(reader, "3");
  EXPECT_EQ(world.news(reader), Ids{"3"});  // its own too, which gives it its place
  RevocationLog late(*world.store);
  EXPECT_EQ(world.news(late), (Ids{"1", "2", "3"}));
}

TEST(RevocationLog, TellsAgainWhatWasNotNoted) {
  World world;
  RevocationLog log(*world.store);
  world.append(log, "1");
  std::vector<RevocationLog::Progress> progress;
  auto look = log.read(world.store->get(log.head_names(), world.soon()), world.offset, progress,
                       world.soon());
  EXPECT_EQ(World::ids_of(look), Ids{"1"});

  EXPECT_EQ(world.news(log), Ids{"1"});
  log.noted(progress);  // another thread, later
  EXPECT_EQ(world.news(log), Ids{});
}

// Rule R3
TEST(RevocationLog, KeepsWhatIsWrittenByTwoAtOnceWhicheverQuestionTheOtherComesBefore) {
  const std::string claims[] = {"log:",
                                "log"};  // before the slot is claimed; before the head moves
  for (const bool is_first : {true, false}) {
    for (const auto& beginning : claims) {
      for (const unsigned others : {1U, 3U}) {
        World world;
        RevocationLog one(*world.store);
        RevocationLog other(*world.store);
        RevocationLog reader(*world.store);
        if (!is_first) world.append(other, "0");
        (void)world.look(reader);
        world.store->before_each([&](Operation operation, const StoredName& name) {
          const bool is_it =
              beginning == "log" ? name.text == "log" : name.text.starts_with("log:");
          if (operation != Operation::put || !is_it) return;
          world.store->before_each(nullptr);
          for (unsigned at = 0; at < others; ++at)
            world.append(other, "other" + std::to_string(at));
        });

        EXPECT_EQ(world.append(one, "one"), 0U);

        auto ids = world.news(reader);
        std::sort(ids.begin(), ids.end());
        Ids expected{"one"};
        for (unsigned at = 0; at < others; ++at)
          expected.push_back("other" + std::to_string(at));
        EXPECT_EQ(ids, expected) << is_first << beginning << others;
      }
    }
  }
}

// Rule R3
TEST(RevocationLog, GoesPastASlotThatWasClaimedByOneWhoDied) {
  World world;
  RevocationLog log(*world.store);
  RevocationLog reader(*world.store);
  world.append(log, "1");
  (void)world.look(reader);
  ASSERT_TRUE(world.store->put({"log:e1:2", 0}, "",
                               encode_revocation(world.revocation("of the dead"), world.offset), 1h,
                               world.soon()));

  world.append(log, "3");

  EXPECT_EQ(world.news(reader), (Ids{"of the dead", "3"}));
  EXPECT_EQ(reader.position(), (LogPosition{"e1", 3}));
}

// Rules C8, R3
TEST(RevocationLog, WritesIntoALogThatIsEmptiedUnderItsHands) {
  for (const bool is_first : {true, false}) {
    World world;
    RevocationLog writer(*world.store);
    RevocationLog reader(*world.store);
    if (!is_first) world.append(writer, "0");
    (void)world.look(reader);
    // Between the claim of the slot and the move of the head.
    unsigned claims = 0;
    world.store->before_each([&](Operation operation, const StoredName& name) {
      if (operation != Operation::put) return;
      if (name.text.starts_with("log:")) ++claims;
      if (name.text != "log" || claims == 0) return;
      world.store->before_each(nullptr);
      world.store->flush();
    });

    EXPECT_EQ(world.append(writer, "1"), 0U);

    const auto look = world.look(reader);
    EXPECT_EQ(World::ids_of(look), Ids{"1"}) << is_first;
    EXPECT_EQ(look.was_lost, !is_first);
  }
}

// Rules C8, R3
TEST(RevocationLog, IsLostForWhoeverHasReadItOrWrittenToIt) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  RevocationLog stranger(*world.store);
  world.append(writer, "1");
  (void)world.look(reader);

  world.store->flush();
  EXPECT_FALSE(world.look(stranger).was_lost);
  EXPECT_TRUE(world.look(reader).was_lost);
  EXPECT_TRUE(world.look(writer).was_lost);  // or nobody would ever be told
  EXPECT_FALSE(world.look(reader).was_lost);
  EXPECT_FALSE(reader.position());

  world.append(writer, "again");
  EXPECT_EQ(world.news(reader), Ids{"again"});
  EXPECT_EQ(reader.position(), (LogPosition{"eagain", 1}));
}

// Rules C8, R3
TEST(RevocationLog, IsReadFromItsStartWhenItBeganAnew) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  for (const auto* const id : {"1", "2", "3"})
    world.append(writer, id);
  (void)world.look(reader);
  world.store->flush();
  for (const auto* const id : {"4", "5", "6", "7"})
    world.append(writer, id);

  const auto look = world.look(reader);

  EXPECT_TRUE(look.was_lost);
  EXPECT_EQ(World::ids_of(look), (Ids{"4", "5", "6", "7"}));
  EXPECT_EQ(reader.position(), (LogPosition{"e4", 4}));
}

// Rules C8, R3: as when a server comes back with an older state of itself.
TEST(RevocationLog, IsReadAgainWhenItWentBackAndGivesNoPlacesThatMeantSomethingElse) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  world.append(writer, "1");
  const std::string old_head = world.head_bytes();
  world.append(writer, "2");
  world.append(writer, "3");
  (void)world.look(reader);
  (void)world.look(writer);
  ASSERT_EQ(reader.position(), (LogPosition{"e1", 3}));
  const auto old_slot = encode_revocation(world.revocation("1"), world.offset);
  world.store->flush();
  world.store->overwrite({"log", 0}, old_head);
  old_slot.reveal([&](std::string_view bytes) { world.store->overwrite({"log:e1:1", 0}, bytes); });

  RevocationLog stranger(*world.store);
  world.append(stranger, "4");

  const auto look = world.look(reader);
  EXPECT_TRUE(look.was_lost);
  EXPECT_EQ(World::ids_of(look), (Ids{"1", "4"}));
  for (const auto& learnt : look.news)  // slot 2 was read here with something else in it
    EXPECT_FALSE(learnt.position);
  EXPECT_EQ(reader.position(), (LogPosition{"e1", 3}));
  EXPECT_FALSE(world.look(reader).was_lost);  // mended

  RevocationLog late(*world.store);
  EXPECT_EQ(world.news(late), (Ids{"1", "4"}));
  world.append(late, "5");
  const auto after = world.look(reader);
  EXPECT_EQ(World::ids_of(after), Ids{"5"});
  EXPECT_EQ(after.news[0].position, (LogPosition{"e1", 4}));
  EXPECT_FALSE(after.was_lost);
}

// Rule R3: two threads ask at once, and the older answer is taken up last.
TEST(RevocationLog, IsNotLostBecauseAnOlderAnswerComesLate) {
  World world;
  RevocationLog log(*world.store);
  auto of_nothing = world.store->get(log.head_names(), world.soon());
  world.append(log, "1");
  auto of_one = world.store->get(log.head_names(), world.soon());
  world.append(log, "2");
  EXPECT_EQ(world.news(log), (Ids{"1", "2"}));

  EXPECT_FALSE(world.take(log, std::move(of_one)).was_lost);
  EXPECT_FALSE(world.take(log, std::move(of_nothing)).was_lost);

  EXPECT_EQ(log.position(), (LogPosition{"e1", 2}));
  EXPECT_EQ(world.news(log), Ids{});
}

TEST(RevocationLog, IsReadInBatchesAndWithinTheDeadline) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  Ids expected;
  for (int at = 1; at <= 200; ++at) {
    expected.push_back(std::to_string(at));
    world.append(writer, expected.back());
  }
  // Fails in the middle: nothing is noted, and nothing is lost.
  unsigned asked = 0;
  world.store->before_each([&](Operation, const StoredName& name) {
    if (name.text.starts_with("log:") && ++asked == 130) world.store->fail_with(Errc::timed_out);
  });
  const auto broken = world.look(reader);
  EXPECT_FALSE(broken.answered);
  ASSERT_TRUE(broken.error);
  EXPECT_EQ(broken.error->code, Errc::timed_out);
  world.store->before_each(nullptr);
  world.store->fail_with(std::nullopt);

  const auto look = world.look(reader);

  EXPECT_EQ(World::ids_of(look), expected);
  for (std::size_t at = 0; at < look.news.size(); ++at)
    EXPECT_EQ(look.news[at].position, (LogPosition{"e1", at + 1}));
}

TEST(RevocationLog, PassesOverWhatHasEndedAndWhatIsUnreadable) {
  World world;
  RevocationLog writer(*world.store);
  RevocationLog reader(*world.store);
  world.append(writer, "long", 3h);
  world.append(writer, "short", 1min);
  world.append(writer, "spoilt", 1h);
  world.append(writer, "last", 1h);
  world.store->overwrite({"log:elong:3", 0}, "rubbish");
  world.clock->advance(2min);

  EXPECT_EQ(world.news(reader), (Ids{"long", "last"}));
  EXPECT_EQ(reader.position(), (LogPosition{"elong", 4}));

  world.clock->advance(4h);
  world.append(writer, "new");
  RevocationLog late(*world.store);
  const auto asked = world.store->gets();
  EXPECT_EQ(world.news(late), Ids{"new"});
  EXPECT_EQ(world.store->gets() - asked, 2U);  // and nobody is sent through what is over
}

// Rule C8
TEST(RevocationLog, WritesNoHeadOverOneThatItCannotRead) {
  World world;
  RevocationLog log(*world.store);
  world.store->overwrite({"log", 0}, "of another version");

  EXPECT_EQ(world.append(log, "1"), 1U);
  const auto look = world.look(log);

  EXPECT_FALSE(look.answered);
  ASSERT_TRUE(look.error);
  EXPECT_EQ(look.error->code, Errc::malformed_response);
  EXPECT_EQ(world.head_bytes(), "of another version");
}

// Rules C8, R3
TEST(RevocationLog, OfSeveralServersOutlivesOneOfThem) {
  for (const std::size_t lost : {0U, 1U, 2U}) {
    World world(3);
    RevocationLog writer(*world.store);
    RevocationLog reader(*world.store);
    EXPECT_EQ(world.append(writer, "1"), 0U);
    world.store->lose(lost);

    EXPECT_EQ(world.append(writer, "2"), 1U);
    const auto look = world.look(reader);

    EXPECT_TRUE(look.answered);
    EXPECT_TRUE(look.error);
    EXPECT_FALSE(look.was_lost);
    EXPECT_EQ(World::ids_of(look), (Ids{"1", "2", "1", "2"}));
    EXPECT_EQ(reader.position().has_value(), lost != 0);
    EXPECT_EQ(look.news[0].position.has_value(), lost != 0);
    EXPECT_FALSE(look.news[2].position);  // a place is one of the first copy alone
  }
}

TEST(RevocationLog, LeavesToBeWrittenOnlyTheCopiesThatFailed) {
  World world(2);
  RevocationLog log(*world.store);
  auto copies = log.all_copies();
  world.store->before_each([&](Operation, const StoredName& name) {
    world.store->fail_with(name.copy == 0U ? std::optional(Errc::unreachable) : std::nullopt);
  });
  EXPECT_FALSE(log.append(world.revocation("1"), "e", copies, world.offset, world.clock->now(),
                          [&] { return world.soon(); }));
  EXPECT_EQ(copies, std::vector<std::size_t>{0});
  world.store->before_each(nullptr);
  world.store->fail_with(std::nullopt);

  EXPECT_TRUE(log.append(world.revocation("1"), "e", copies, world.offset, world.clock->now(),
                         [&] { return world.soon(); }));

  EXPECT_TRUE(copies.empty());
  EXPECT_EQ(world.news(log), (Ids{"1", "1"}));
}

// Rule R3
TEST(RevocationLog, LosesNothingWhenManyWriteWhileOneReads) {
  constexpr unsigned writers = 6;
  constexpr unsigned each = 15;
  World world;
  RevocationLog reader(*world.store);
  std::atomic<unsigned> working{writers};
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < writers; ++number) {
    threads.emplace_back([&world, &working, number] {
      RevocationLog writer(*world.store);
      for (unsigned at = 0; at < each; ++at) {
        const std::string id = std::to_string(number) + "." + std::to_string(at);
        while (world.append(writer, id) != 0)  // too many at once: as the fleet does, again
          std::this_thread::yield();
      }
      --working;
    });
  }

  Ids read;
  const auto read_on = [&] {
    const auto look = world.look(reader);
    EXPECT_FALSE(look.was_lost);
    for (const auto& id : World::ids_of(look))
      read.push_back(id);
  };
  while (working != 0) {
    read_on();
    std::this_thread::yield();
  }
  for (auto& thread : threads)
    thread.join();
  read_on();

  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  EXPECT_EQ(read.size(), std::size_t{writers * each});
}

}  // namespace
}  // namespace valetkey::lifecycle
