// SPDX-License-Identifier: Apache-2.0
#pragma once
// A token keeper among fakes: a clock that stands, a provider that answers from a script.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/memory_cache.h"
#include "lifecycle/token_keeper.h"
#include "support/fake_clock.h"
#include "support/test_token.h"

namespace valetkey::support {

/// Runs work at once, on the thread that posts it: no waiting, no order to guess.
class InlineExecutor final : public base::Executor {
 public:
  bool post(std::move_only_function<void()> work) override {
    work();
    return true;
  }
};

/// Gives tokens "t1", "t2", ... of an hour, children "t2<t1"; or what the script says.
class ScriptedProvider final : public lifecycle::TokenFetcher, public lifecycle::TokenRevoker {
 public:
  using Answer = std::function<Result<AccessToken>(const lifecycle::Plan&, const AccessToken*)>;

  explicit ScriptedProvider(Clock& clock) : clock_(clock) {}

  void will(Answer answer) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(answer));
  }
  void will_fail(Errc code) {
    will([code](const lifecycle::Plan&, const AccessToken*) -> Result<AccessToken> {
      return fail(code, "as the script says");
    });
  }
  /// From now on fetches are proved with credentials of this label.
  void uses(std::string label) {
    const std::lock_guard lock(mutex_);
    label_ = std::move(label);
  }
  /// Whether fetches with that label find their client. When not, they fail, and it is known that
  /// the credentials are the reason.
  void will_accept(const std::string& label, bool accepts) {
    const std::lock_guard lock(mutex_);
    if (accepts) {
      refused_.erase(label);
    } else {
      refused_.insert(label);
    }
  }
  void revocations_fail(bool fails, Errc code = Errc::unreachable) {
    const std::lock_guard lock(mutex_);
    revocations_fail_ = fails;
    revocation_error_ = code;
  }
  void on_revoke(std::function<void()> look) { on_revoke_ = std::move(look); }

  std::vector<std::string> fetched() const {
    const std::lock_guard lock(mutex_);
    return fetched_;
  }
  std::vector<std::string> revoked() const {
    const std::lock_guard lock(mutex_);
    return revoked_;
  }

  Result<AccessToken> fetch(const lifecycle::Plan& plan, const AccessToken* parent,
                            const std::function<void(const Error&)>&, Deadline) override {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      fetched_.push_back(plan.key);
      if (!script_.empty()) {
        answer = std::move(script_.front());
        script_.pop_front();
      } else if (refused_.contains(label_)) {
        return fail(Errc::invalid_client, "no such client");
      }
    }
    return answer ? answer(plan, parent) : ordinary(plan, parent);
  }

  std::string credentials_of(const lifecycle::Plan&) override {
    const std::lock_guard lock(mutex_);
    return label_;
  }
  bool are_refused(const lifecycle::Plan&) override {
    const std::lock_guard lock(mutex_);
    return refused_.contains(label_);
  }

  Result<AccessToken> ordinary(const lifecycle::Plan& plan, const AccessToken* parent,
                               std::chrono::seconds expires_in = std::chrono::hours(1)) {
    std::string value;
    {
      const std::lock_guard lock(mutex_);
      value = "t" + std::to_string(++last_);
    }
    if (parent != nullptr) value += "<" + text_of(*parent);
    TokenFields fields = fields_of({.value = value,
                                    .sent_at = clock_.now(),
                                    .expires_in = expires_in,
                                    .subject = plan.request.subject});
    if (parent != nullptr) fields.parent = parent->fingerprint();
    return AccessToken(std::move(fields));
  }

  Result<void> revoke(const AccessToken& token, Deadline) override {
    if (on_revoke_) on_revoke_();
    const std::lock_guard lock(mutex_);
    if (revocations_fail_) return fail(revocation_error_, "as the script says");
    revoked_.push_back(text_of(token));
    return {};
  }

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Answer> script_;
  std::string label_;  ///< empty: credentials play no part
  std::set<std::string> refused_;
  std::vector<std::string> fetched_;
  std::vector<std::string> revoked_;
  std::function<void()> on_revoke_;
  bool revocations_fail_ = false;
  Errc revocation_error_ = Errc::unreachable;
  int last_ = 0;
};

inline lifecycle::PlanPtr plan_for(const std::string& key, Subject subject = user("1"),
                                   lifecycle::PlanPtr parent = nullptr) {
  auto plan = std::make_shared<lifecycle::Plan>();
  plan->key = key;
  plan->request.subject = std::move(subject);
  plan->parent = std::move(parent);
  return plan;
}

/// Executor may be an InlineExecutor or a base::WorkerPool.
template <class Executor>
struct KeeperWorld {
  template <class... Args>
  explicit KeeperWorld(Args&&... args) : executor(std::forward<Args>(args)...) {}
  ~KeeperWorld() {
    keeper.stop();
    if constexpr (requires { executor.stop(); }) executor.stop();
  }

  Deadline in(std::chrono::nanoseconds from_now) const { return {clock->now() + from_now}; }
  std::string ask(const lifecycle::PlanPtr& plan,
                  std::chrono::seconds patience = std::chrono::seconds(5)) {
    auto token = keeper.token(plan, in(patience));
    return token ? text_of(*token) : std::string(name_of(token.error().code));
  }
  AccessToken take(const lifecycle::PlanPtr& plan) {
    auto token = keeper.token(plan, in(std::chrono::seconds(5)));
    return token ? std::move(*token) : make_token({.value = "no token"});
  }

  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  ScriptedProvider provider{*clock};
  cache::MemoryCache cache{{}, clock};
  Executor executor;
  lifecycle::TokenKeeper keeper{
      {.clock = clock,
       .executor_for = [this](const lifecycle::Plan&) -> base::Executor& { return executor; },
       .revocation_executor = executor,
       .cache = cache,
       .fetcher = provider,
       .revoker = provider,
       .jitter = [] { return 0.0; }},
      {}};
};

}  // namespace valetkey::support
