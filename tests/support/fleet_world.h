// SPDX-License-Identifier: Apache-2.0
#pragma once
// Several processes of a fleet in one test: a keeper each, one provider, one store, one clock.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lifecycle/fleet.h"
#include "support/keeper_world.h"
#include "support/memory_store.h"

namespace valetkey::support {

inline lifecycle::PlanPtr shared_plan(const std::string& key, Subject subject = user("1"),
                                      lifecycle::PlanPtr parent = nullptr) {
  auto plan = std::make_shared<lifecycle::Plan>();
  plan->key = key;
  plan->request.provider = "test";  // as support::fields_of
  plan->request.subject = std::move(subject);
  plan->parent = std::move(parent);
  plan->shareable = true;
  return plan;
}

/// A bell in this process: whoever listens is called by whoever rings.
class TestBell final : public SharedBell {
 public:
  struct Tower {
    std::mutex mutex;
    std::vector<TestBell*> listening;
  };
  explicit TestBell(std::shared_ptr<Tower> tower) : tower_(std::move(tower)) {}
  ~TestBell() override { stop(); }

  void listen(std::function<bool()> heard) override {
    heard_ = std::move(heard);
    const std::lock_guard lock(tower_->mutex);
    tower_->listening.push_back(this);
  }
  Hearing hearing() const override { return hearing_; }
  Result<bool> ring(Deadline) override {
    const std::lock_guard lock(tower_->mutex);
    bool have_all_heard = true;
    for (auto* const one : tower_->listening) {
      if (one->hearing_ != Hearing::listening || one->heard_()) continue;
      one->hearing_ = Hearing::deaf;
      have_all_heard = false;
    }
    return have_all_heard;
  }
  void stop() override {
    const std::lock_guard lock(tower_->mutex);
    std::erase(tower_->listening, this);
  }
  void hear(Hearing hearing) { hearing_ = hearing; }

 private:
  const std::shared_ptr<Tower> tower_;  // shared by the bells of a fleet
  std::function<bool()> heard_;
  std::atomic<Hearing> hearing_{Hearing::listening};
};

/// Executor may be an InlineExecutor or a base::WorkerPool.
template <class Executor>
struct FleetWorld {
  struct Member {
    template <class... Args>
    Member(FleetWorld& world, const std::string& name, Args&&... args)
        : bell(world.has_bell ? std::make_shared<TestBell>(world.tower) : nullptr),
          cache({}, world.clock),
          executor(std::forward<Args>(args)...),
          fleet({
                    .clock = world.clock,
                    .store = world.store,
                    .bell = bell,
                    .jitter = [] { return 0.0; },
                    .make_id = [&world] { return "id" + std::to_string(++world.ids); },
                    .self = name,
                    .is_gone =
                        [&world](std::string_view owner) {
                          return world.gone.contains(std::string(owner));
                        },
                },
                world.options),
          keeper({.clock = world.clock,
                  .executor_for = [this](const lifecycle::Plan&) -> base::Executor& {
                    return executor;
                  },
                  .revocation_executor = executor,
                  .cache = cache,
                  .fetcher = world.provider,
                  .revoker = world.provider,
                  .jitter = [] { return 0.0; },
                  .fleet = &fleet,
                  .provider_keys = {"the provider"}},
                 world.keeper_options),
          world_(world) {}
    ~Member() {
      keeper.stop();
      if constexpr (requires { executor.stop(); }) executor.stop();
    }

    Result<AccessToken> token(const lifecycle::PlanPtr& plan,
                              std::chrono::seconds patience = std::chrono::seconds(5)) {
      return keeper.token(plan, world_.in(patience));
    }
    std::string ask(const lifecycle::PlanPtr& plan,
                    std::chrono::seconds patience = std::chrono::seconds(5)) {
      auto one = token(plan, patience);
      return one ? text_of(*one) : std::string(name_of(one.error().code));
    }
    AccessToken take(const lifecycle::PlanPtr& plan) {
      auto one = token(plan);
      return one ? std::move(*one) : make_token({.value = "no token"});
    }

    std::shared_ptr<TestBell> bell;
    cache::MemoryCache cache;
    Executor executor;
    lifecycle::Fleet fleet;
    lifecycle::TokenKeeper keeper;

   private:
    FleetWorld& world_;
  };

  template <class... Args>
  std::unique_ptr<Member> join(const std::string& name, Args&&... args) {
    return std::make_unique<Member>(*this, name, std::forward<Args>(args)...);
  }
  /// Waits until as many tokens were revoked upstream, and says which.
  std::vector<std::string> revoked(std::size_t count) const {
    while (provider.revoked().size() < count)
      std::this_thread::yield();
    return provider.revoked();
  }
  /// Lets time pass until something has happened, and not so fast that those who watch the clock
  /// from threads of their own are left behind by hours.
  template <class Happened>
  void pass_until(Happened happened) {
    while (!happened()) {
      const auto asked = store->gets();
      clock->advance(std::chrono::milliseconds(500));
      for (int turn = 0; turn < 5000 && store->gets() == asked; ++turn)
        std::this_thread::yield();
    }
  }
  Deadline in(std::chrono::nanoseconds from_now) const { return {clock->now() + from_now}; }

  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>(clock);
  std::shared_ptr<TestBell::Tower> tower = std::make_shared<TestBell::Tower>();
  ScriptedProvider provider{*clock};
  /// Fake time may run far ahead of a thread; that is no reason for a question to fail.
  lifecycle::FleetOptions options{.question_time = std::chrono::hours(1)};
  lifecycle::KeeperOptions keeper_options{.trial_patience = std::chrono::hours(24)};
  bool has_bell = false;
  std::set<std::string> gone;
  std::atomic<int> ids{0};
};

}  // namespace valetkey::support
