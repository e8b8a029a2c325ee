// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>

#include "base/guarded.h"

namespace valetkey::base {
namespace {

TEST(WorkerPool, RunsWhatIsPosted) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(4);
    for (int count = 0; count < 1000; ++count) {
      EXPECT_TRUE(pool.post([&ran] { ran.fetch_add(1); }));
    }
  }

  EXPECT_EQ(ran.load(), 1000);
}

TEST(WorkerPool, StartsAThreadWheneverAllAreBusy) {
  WorkerPool pool(3);
  std::latch together(3);  // passes only when three run at the same time
  std::latch done(3);

  for (int count = 0; count < 3; ++count) {
    pool.post([&] {
      together.arrive_and_wait();
      done.count_down();
    });
  }

  done.wait();
  EXPECT_TRUE(done.try_wait());
}

TEST(WorkerPool, NeverStartsMoreThreadsThanAllowed) {
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  {
    WorkerPool pool(2);
    for (int count = 0; count < 200; ++count) {
      pool.post([&] {
        const int now = at_once.fetch_add(1) + 1;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        at_once.fetch_sub(1);
      });
    }
  }

  EXPECT_LE(most.load(), 2);
}

TEST(WorkerPool, FinishesWhatIsQueuedWhenItStops) {
  std::atomic<int> ran{0};
  std::latch go(1);
  WorkerPool pool(1);
  pool.post([&] { go.wait(); });
  for (int count = 0; count < 50; ++count)
    pool.post([&] { ran.fetch_add(1); });
  go.count_down();

  pool.stop();

  EXPECT_EQ(ran.load(), 50);
}

TEST(WorkerPool, RefusesWorkOnceStopped) {
  WorkerPool pool(1);
  pool.stop();
  bool ran = false;

  EXPECT_FALSE(pool.post([&] { ran = true; }));
  pool.stop();

  EXPECT_FALSE(ran);
}

TEST(WorkerPool, TakesWorkFromItsOwnWork) {
  std::latch done(2);
  WorkerPool pool(1);

  pool.post([&] {
    EXPECT_TRUE(pool.post([&] { done.count_down(); }));
    done.count_down();
  });

  done.wait();
  EXPECT_TRUE(done.try_wait());
}

TEST(WorkerPool, LetsGoOfWorkAsSoonAsItIsDone) {
  WorkerPool pool(1);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  pool.post([held = std::move(held)] {});
  std::latch next(1);

  pool.post([&] {
    EXPECT_TRUE(watched.expired());
    next.count_down();
  });

  next.wait();
  EXPECT_TRUE(next.try_wait());
}

TEST(Guarded, LetsOneThreadInAtATime) {
  Guarded<int> counter(0);
  {
    WorkerPool pool(4);
    for (int task = 0; task < 4; ++task) {
      pool.post([&] {
        for (int count = 0; count < 10'000; ++count)
          counter.with([](int& value) { ++value; });
      });
    }
  }

  const auto& read_only = counter;
  EXPECT_EQ(read_only.with([](const int& value) { return value; }), 40'000);
}

TEST(Guarded, HandsOutValuesNotReferences) {
  Guarded<std::string> word(std::string("one"));

  auto copy = word.with([](std::string& held) -> std::string& { return held; });
  copy = "two";

  static_assert(
      !std::is_reference_v<decltype(word.with([](std::string& h) -> std::string& { return h; }))>);
  EXPECT_EQ(word.with([](std::string& held) { return held; }), "one");
}

}  // namespace
}  // namespace valetkey::base
