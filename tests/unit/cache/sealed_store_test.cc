// SPDX-License-Identifier: Apache-2.0
#include "cache/sealed_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"
#include "valetkey/log.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using crypto::KeyRing;
using crypto::SealingKey;

SealingKey key_of(char letter) {
  return SealingKey::derive(Secret(std::string(crypto::master_key_bytes, letter)));
}

std::shared_ptr<const KeyRing> ring_of(std::string_view letters) {
  std::vector<SealingKey> keys;
  for (const char letter : letters)
    keys.push_back(key_of(letter));
  return std::make_shared<const KeyRing>(std::move(keys));
}

std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

/// One server and any number of processes that share it.
struct World {
  explicit World(std::size_t copies = 1)
      : server(std::make_shared<support::MemoryStore>(clock, copies)) {}

  std::shared_ptr<SealedStore> process(std::string_view keys) {
    return std::make_shared<SealedStore>(server, ring_of(keys));
  }
  Deadline soon() const { return Deadline{clock->now() + 1s}; }

  bool put(SealedStore& store, const StoredName& name, std::string_view bytes,
           const std::string& version = "") const {
    return store.put(name, version, Secret(bytes), 1h, soon()).value();
  }
  /// "bytes", "-" for nothing, "!" for a failure.
  std::string get(SealedStore& store, const StoredName& name) const {
    auto found = store.get({name}, soon());
    if (!found.front()) return "!";
    return *found.front() ? text_of((**found.front()).bytes) : "-";
  }
  std::string version(SealedStore& store, const StoredName& name) const {
    auto found = store.get({name}, soon());
    return (**found.front()).version;
  }
  /// The name by which the server knows it.
  static std::string hidden(char key, std::string_view text) {
    return "vk1:" + key_of(key).name_for(text);
  }

  std::shared_ptr<support::FakeClock> clock = std::make_shared<support::FakeClock>();
  std::shared_ptr<support::MemoryStore> server;
};

const StoredName name{.text = "box/user:4711/item_download", .copy = {}};
const StoredName other{.text = "box/user:4712/item_download", .copy = {}};

TEST(SealedStore, GivesBackWhatWasPut) {
  World world;
  const auto one = world.process("a");
  const auto two = world.process("a");

  EXPECT_EQ(world.get(*one, name), "-");
  EXPECT_TRUE(world.put(*one, name, "token"));

  EXPECT_EQ(world.get(*two, name), "token");
  EXPECT_EQ(world.get(*two, other), "-");
  EXPECT_FALSE(world.put(*two, name, "late"));
  EXPECT_TRUE(world.put(*two, name, "next", world.version(*one, name)));
  EXPECT_EQ(world.get(*one, name), "next");
  EXPECT_EQ(one->description(), "memory");
  EXPECT_EQ(one->time(world.soon()).value(), world.clock->wall_now());
}

// Rule C7
TEST(SealedStore, ShowsTheServerNeitherNameNorValue) {
  World world;
  const auto store = world.process("a");
  world.put(*store, name, "the token itself");

  const auto seen = world.server->dump();

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().first, World::hidden('a', name.text));
  EXPECT_EQ(seen.front().first.size(), 47U);
  EXPECT_EQ(seen.front().first.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                                                 "WXYZ0123456789:_-"),
            std::string::npos);
  for (const auto* const secret : {"token", "4711", "item_download", "box"}) {
    EXPECT_FALSE(seen.front().second.contains(secret)) << secret;
  }
}

// Rule C7
TEST(SealedStore, TakesNamesOfAnyLength) {
  World world;
  const auto store = world.process("a");
  const StoredName first{.text = std::string(5000, 'n') + '\0' + "1", .copy = {}};
  const StoredName second{.text = std::string(5000, 'n') + '\0' + "2", .copy = {}};

  world.put(*store, first, "one");
  world.put(*store, second, "two");

  EXPECT_EQ(world.get(*store, first), "one");
  EXPECT_EQ(world.get(*store, second), "two");
}

// Rule C8: what is under a name and does not open counts as nothing there.
TEST(SealedStore, TakesRubbishForNothingAndWritesOverIt) {
  World world;
  const auto store = world.process("a");
  const auto stranger = world.process("z");
  world.put(*store, other, "the token of another");
  world.put(*stranger, name, "sealed by a stranger");
  std::string moved;
  std::string strange;
  for (const auto& [where, bytes] : world.server->dump())
    (where == World::hidden('a', other.text) ? moved : strange) = bytes;
  std::string cut = moved;
  cut.pop_back();

  std::uint64_t expected = 0;
  for (const std::string& rubbish :
       {std::string("rubbish"), std::string(), std::string(5000, 'x'), moved, strange, cut}) {
    world.server->overwrite({.text = World::hidden('a', name.text), .copy = {}}, rubbish);
    EXPECT_EQ(world.get(*store, name), "-");
    EXPECT_EQ(store->rubbish_seen(), ++expected);
    EXPECT_TRUE(world.put(*store, name, "good"));
    EXPECT_EQ(store->rubbish_seen(), ++expected);
    EXPECT_EQ(world.get(*store, name), "good");
    EXPECT_FALSE(world.put(*store, name, "late"));
  }
}

TEST(SealedStore, WritesOverRubbishAsOneOfTwo) {
  World world;
  const auto store = world.process("a");
  const StoredName hidden{.text = World::hidden('a', name.text), .copy = {}};
  world.server->overwrite(hidden, "rubbish");
  bool done = false;
  int puts = 0;
  // Another process replaces the rubbish between our look at it and our writing.
  world.server->before_each([&](auto operation, const StoredName&) {
    if (operation != support::MemoryStore::Operation::put || ++puts != 2 || done) return;
    done = true;
    EXPECT_TRUE(world.put(*world.process("a"), name, "theirs"));
  });

  EXPECT_FALSE(world.put(*store, name, "ours"));

  world.server->before_each({});
  EXPECT_EQ(world.get(*store, name), "theirs");
}

TEST(SealedStore, WarnsOfRubbishOnce) {
  World world;
  const auto store = world.process("a");
  std::vector<std::string> lines;
  set_log(LogLevel::warning, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  world.server->overwrite({.text = World::hidden('a', name.text), .copy = {}}, "rubbish");

  EXPECT_EQ(world.get(*store, name), "-");
  EXPECT_EQ(world.get(*store, name), "-");

  set_log(LogLevel::off, {});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines.front().starts_with("memory: a stored value is none of ours"));
  EXPECT_EQ(store->rubbish_seen(), 2U);
}

TEST(SealedStore, PassesFailuresOn) {
  World world;
  const auto store = world.process("ab");
  world.server->fail_with(Errc::unreachable);

  EXPECT_EQ(store->get({name, other}, world.soon()).size(), 2U);
  EXPECT_EQ(world.get(*store, name), "!");
  EXPECT_EQ(store->put(name, "", Secret("x"), 1h, world.soon()).error().code, Errc::unreachable);
  EXPECT_EQ(store->time(world.soon()).error().code, Errc::unreachable);
  EXPECT_EQ(store->rubbish_seen(), 0U);
}

TEST(SealedStore, RefusesWhatIsTooLargeWithoutSendingIt) {
  World world;
  const auto store = world.process("a");

  const auto put = store->put(
      name, "", Secret(std::string(crypto::sealed_plain_bytes_max + 1, 'x')), 1h, world.soon());

  EXPECT_EQ(put.error().code, Errc::exhausted);
  EXPECT_EQ(world.server->puts(), 0U);
}

// Rule C7: at each step of a rotation, processes of this step and of the next share what they hold.
TEST(SealedStore, FindsValuesAcrossEachStepOfARotation) {
  const std::vector<std::string> steps = {"o", "on", "no", "n"};

  for (std::size_t step = 0; step + 1 < steps.size(); ++step) {
    for (const bool forward : {true, false}) {
      World world;
      const auto writer = world.process(steps[forward ? step : step + 1]);
      const auto reader = world.process(steps[forward ? step + 1 : step]);
      world.put(*writer, name, "token");
      // Going from [o] to [o, n] and from [n, o] to [n] the other key's name is not needed; where
      // the first key changes, both look under both names.
      EXPECT_EQ(world.get(*reader, name), "token") << steps[step] << forward;
      EXPECT_EQ(reader->rubbish_seen(), 0U);
    }
  }
}

TEST(SealedStore, MovesAValueToTheFirstKeysNameWhenItIsPutAnew) {
  World world;
  const auto before = world.process("o");
  const auto after = world.process("no");
  world.put(*before, name, "old");

  const std::string version = world.version(*after, name);
  EXPECT_EQ(version, "");
  EXPECT_TRUE(world.put(*after, name, "new", version));

  EXPECT_EQ(world.get(*after, name), "new");
  EXPECT_NE(world.version(*after, name), "");
  EXPECT_FALSE(world.put(*after, name, "late", ""));
  EXPECT_EQ(world.get(*world.process("n"), name), "new");
}

TEST(SealedStore, AsksOnceMoreForWhatIsMissingOnlyWithTwoKeys) {
  World world;
  const auto one_key = world.process("a");
  const auto two_keys = world.process("ab");
  world.put(*one_key, name, "token");

  const std::size_t before = world.server->gets();
  world.get(*one_key, other);
  const std::size_t with_one = world.server->gets() - before;
  EXPECT_EQ(two_keys->get({name, other}, world.soon()).size(), 2U);
  const std::size_t with_two = world.server->gets() - before - with_one;

  EXPECT_EQ(with_one, 1U);
  EXPECT_EQ(with_two, 3U);
}

TEST(SealedStore, AnswersEachNameInItsPlaceWithTwoKeys) {
  World world;
  const auto old_one = world.process("o");
  const auto store = world.process("no");
  const std::vector<StoredName> names = {{.text = "1", .copy = {}},
                                         {.text = "2", .copy = {}},
                                         {.text = "3", .copy = {}},
                                         {.text = "4", .copy = {}}};
  world.put(*store, names[0], "one");
  world.put(*old_one, names[2], "three");
  world.server->overwrite({.text = World::hidden('n', "4"), .copy = {}}, "rubbish");
  world.put(*old_one, names[3], "four");

  const auto found = store->get(names, world.soon());

  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(text_of((**found[0]).bytes), "one");
  EXPECT_FALSE(*found[1]);
  EXPECT_EQ(text_of((**found[2]).bytes), "three");
  EXPECT_EQ(text_of((**found[3]).bytes), "four");
}

/// Puts the log of revocations as it is put: once for each copy.
void put_all(const World& world, SealedStore& store, std::string_view bytes) {
  for (std::size_t copy = 0; copy < store.copies(); ++copy) {
    const StoredName log{.text = "log", .copy = copy};
    auto found = store.get({log}, world.soon());
    const std::string version = *found.front() ? (**found.front()).version : std::string();
    EXPECT_TRUE(world.put(store, log, bytes, version)) << copy;
  }
}

std::set<std::string> get_all(const World& world, SealedStore& store) {
  std::set<std::string> seen;
  for (std::size_t copy = 0; copy < store.copies(); ++copy)
    seen.insert(world.get(store, {.text = "log", .copy = copy}));
  return seen;
}

// Rule R3: a revocation reaches processes of the same and of the next step of a rotation.
TEST(SealedStore, ReachesWhoeverSharesAKeyWithWhatIsPutForEachCopy) {
  const std::vector<std::string> steps = {"o", "on", "no", "n"};

  for (std::size_t step = 0; step + 1 < steps.size(); ++step) {
    for (const bool forward : {true, false}) {
      World world(3);
      const auto writer = world.process(steps[forward ? step : step + 1]);
      const auto reader = world.process(steps[forward ? step + 1 : step]);
      put_all(world, *writer, "revoked");
      put_all(world, *writer, "revoked more");
      EXPECT_TRUE(get_all(world, *reader).contains("revoked more")) << steps[step] << forward;
      EXPECT_EQ(reader->rubbish_seen(), 0U);
    }
  }
}

TEST(SealedStore, NumbersCopiesAlikeWhicheverKeyComesFirst) {
  World world(2);
  const auto one = world.process("on");
  const auto two = world.process("no");

  EXPECT_EQ(one->copies(), 4U);
  for (std::size_t copy = 0; copy < 4; ++copy) {
    const StoredName log{.text = "log", .copy = copy};
    EXPECT_TRUE(world.put(*one, log, std::to_string(copy)));
  }

  EXPECT_EQ(world.server->dump().size(), 4U);
  for (std::size_t copy = 0; copy < 4; ++copy) {
    EXPECT_EQ(world.get(*two, {.text = "log", .copy = copy}), std::to_string(copy));
  }
}

TEST(SealedStore, DoesNotTakeOneCopyForAnother) {
  World world(2);
  const auto store = world.process("a");
  world.put(*store, {.text = "log", .copy = 0}, "of the first");
  const std::string sealed = world.server->dump().front().second;

  world.server->overwrite({.text = World::hidden('a', "log"), .copy = 1}, sealed);

  EXPECT_EQ(world.get(*store, {.text = "log", .copy = 0}), "of the first");
  EXPECT_EQ(world.get(*store, {.text = "log", .copy = 1}), "-");
}

}  // namespace
}  // namespace valetkey::cache
