// SPDX-License-Identifier: Apache-2.0
#pragma once
// The token's life: served, fetched once, refreshed ahead, forced, narrowed, withdrawn.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/stopper.h"
#include "base/worker_pool.h"
#include "lifecycle/fleet.h"
#include "lifecycle/flight.h"
#include "lifecycle/live_tokens.h"
#include "lifecycle/plan.h"
#include "lifecycle/policy.h"
#include "lifecycle/revocation_queue.h"
#include "lifecycle/withdrawals.h"
#include "valetkey/status.h"
#include "valetkey/token_cache.h"

namespace valetkey::lifecycle {

/// Asks a provider for a token, with retries.
class TokenFetcher {
 public:
  virtual ~TokenFetcher() = default;

  /// `parent` is absent for a grant, present for an exchange (RFC 8693). Calls `note_failure` for
  /// each attempt that failed and will be followed by another.
  /// Blocks: network. Threads: any.
  [[nodiscard]] virtual Result<AccessToken> fetch(
      const Plan& plan, const AccessToken* parent,
      const std::function<void(const Error&)>& note_failure, Deadline deadline) = 0;

  /// What a fetch of the plan would be proved with; equal texts, equal credentials. Tells nothing
  /// of the secrets themselves. Threads: any.
  [[nodiscard]] virtual std::string credentials_of(const Plan&) { return {}; }
  /// Whether the provider refused just these credentials, whatever they were used for.
  [[nodiscard]] virtual bool are_refused(const Plan&) { return false; }
};

struct KeeperOptions {
  CachePolicy policy{};
  std::chrono::nanoseconds fetch_time_max = std::chrono::seconds(30);
  std::size_t tokens_max = 100'000;
  /// How long a flight waits for another process that tries credentials for everyone (rule C9).
  std::chrono::nanoseconds trial_patience = std::chrono::seconds(5);
};

/// What the keeper works with; what is not owned outlives it.
struct KeeperParts {
  std::shared_ptr<Clock> clock;  // shared with the client
  /// Where a plan's flight flies. Each provider has threads of its own, so that one that hangs
  /// keeps nobody else waiting.
  std::function<base::Executor&(const Plan&)> executor_for;
  base::Executor& revocation_executor;
  TokenCache& cache;
  TokenFetcher& fetcher;
  TokenRevoker& revoker;
  std::function<double()> jitter;
  Fleet* fleet = nullptr;                    ///< absent: this process keeps its tokens to itself
  std::vector<std::string> provider_keys{};  ///< of each Plan::provider, as every process knows it
};

/// Joins cache, flights, failure memory, withdrawals and fleet by the pure policy of policy.h.
/// Threads: any. No lock is held across I/O (rule F1).
class TokenKeeper final : private FleetMember {
 public:
  TokenKeeper(KeeperParts parts, KeeperOptions options);
  /// Precondition: the executor has stopped.
  ~TokenKeeper() override { stop(); }
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  /// Blocks: as TokenSource::token.
  [[nodiscard]] Result<AccessToken> token(const PlanPtr& plan, Deadline deadline);

  void report_unauthorized(const AccessToken& token);

  /// Blocks: until delivered upstream, at most until the deadline.
  [[nodiscard]] RevocationReport revoke(const AccessToken& token, Deadline deadline);
  /// `full` is the request for the full token of a reach that is one subject; may be absent.
  [[nodiscard]] RevocationReport revoke_reach(const Reach& reach, const PlanPtr& full,
                                              Deadline deadline);
  /// Withdraws a token that was never handed out (rule D2). Does not wait for the provider.
  void take_back(AccessToken token);

  /// After secrets were read again, what failed for want of them may be asked for again.
  void forget_failures();

  /// Ends the courier of revocations and those who wait for a failure to be over. To be called
  /// before the executor stops.
  void stop();

  [[nodiscard]] std::vector<PendingRevocation> pending_revocations() const {
    return revocations_.pending();
  }
  void add_counters(Counters& counters) const;

 private:
  // As a member of the fleet.
  void learn(const std::vector<LearntRevocation>& news) override;
  bool is_withdrawn(const AccessToken& token, const Plan& plan,
                    const std::optional<LogPosition>& position) override;
  void offer_held() override;

  struct Failure {
    Error error;
    Instant until;
    unsigned count = 0;
  };
  struct KeyState {
    FlightPtr flight{};
    std::optional<Failure> failure{};
    std::optional<Instant> forced_at{};
    bool force_succeeded = false;           ///< what is held now came after `forced_at`
    std::optional<CachedToken> rejected{};  ///< taken out of the cache by a 401 (rule U1)
  };
  struct Keys {
    std::unordered_map<std::string, KeyState> states;
    std::size_t swept_size = 0;
  };
  struct Decision {
    Action action = Action::fail;
    FlightPtr flight{};
    bool is_new_flight = false;
    std::optional<CachedToken> held{};
    std::optional<Error> error{};
    std::optional<Instant> retry_at{};  ///< the error is transient, and may be over by then
  };
  /// What a flight brings, and whether a failure is the parent's, who remembers it himself.
  struct Landing {
    Result<AccessToken> token;
    bool is_parents_failure = false;
    std::optional<AccessToken> fallback{};  ///< beside a failure: old, and still good
    std::optional<Instant> failed_until{};  ///< the failure is the fleet's, and remembered so long
  };

  /// `child` is the flight that needs the token to be narrowed from; it flies on this thread.
  Result<AccessToken> token_with(const PlanPtr& plan, Deadline deadline, const FlightPtr& child);
  Decision decide(const Plan& plan, std::optional<CachedToken> held, Instant now);
  Decision decide_in(KeyState& state, const Plan& plan, std::optional<CachedToken> held,
                     Instant now);
  /// Rule R3: what others revoked until now is known before anything is served.
  void catch_up(const Plan& plan, Instant now, Deadline deadline);
  void refuse(Decision& decision, const KeyState& state, Instant now) const;
  /// Nothing: look again, things have changed meanwhile.
  std::optional<Result<AccessToken>> act(const Plan& plan, const Decision& decision,
                                         Deadline deadline);
  std::optional<Result<AccessToken>> serve(const CachedToken& held) const;
  void launch(const PlanPtr& plan, const FlightPtr& flight);
  void fly(const PlanPtr& plan, const FlightPtr& flight);
  Landing obtain(const PlanPtr& plan, const FlightPtr& flight);
  Landing obtain_alone(const PlanPtr& plan, const FlightPtr& flight);
  Landing obtain_with_fleet(const PlanPtr& plan, const FlightPtr& flight, const Wish& wish);
  /// Nothing: it was revoked meanwhile.
  std::optional<Landing> fetch_for_fleet(const PlanPtr& plan, const FlightPtr& flight,
                                         const Fleet::Seat& seat, const std::string& credentials);
  /// The request for nothing but a trial of the credentials that the plan would be fetched with.
  PlanPtr plan_of_trial(const Plan& plan, const std::string& credentials) const;
  /// What a fetch brings, and, if nobody has yet, the trial of its credentials with it.
  Landing fetch_on_trial(const PlanPtr& plan, const FlightPtr& flight,
                         const std::string& credentials);
  std::optional<Landing> land_with_fleet(const PlanPtr& plan, const Fleet::Seat& seat,
                                         Landing landing, Withdrawals::Number number);
  Landing fetch(const PlanPtr& plan, const FlightPtr& flight, Deadline deadline);
  Result<AccessToken> fetch_parent(const PlanPtr& plan, const FlightPtr& flight, Deadline deadline);
  std::optional<Lifetime> lifetime_of(const AccessToken& token) const;
  static Error given_again(const AccessToken& token);
  static Error no_such_life();
  static Error revoked_in_flight();
  void add_live(LiveToken live);
  bool keep(const PlanPtr& plan, const AccessToken& token, const std::optional<Lifetime>& lifetime,
            Withdrawals::Number number, const std::optional<LogPosition>& position);
  bool keep_shared(const PlanPtr& plan, const CachedToken& cached,
                   const std::optional<LogPosition>& position);
  void settle(const Plan& plan, const FlightPtr& flight, const Landing& landing);
  void sweep(Keys& keys, Instant now) const;
  RevocationReport withdraw(const std::vector<LiveToken>& tokens, Revocation revocation,
                            Deadline deadline);
  /// Out of everything here; nobody gets it any more.
  void forget(const LiveToken& live, Instant now);
  bool announce(Revocation revocation, const std::vector<LiveToken>& tokens, Deadline deadline);

  static constexpr unsigned rounds_max = 3;

  KeeperParts parts_;
  const KeeperOptions options_;
  base::Stopper stopper_;
  base::Guarded<Keys> keys_;
  LiveTokens live_;
  Withdrawals withdrawals_;
  base::Guarded<std::set<std::string>> proven_;  ///< credentials that a provider has accepted
  std::mutex learning_;                          // guards no state: one learns at a time
  RevocationQueue revocations_;
  std::atomic<std::uint64_t> fetches_{0};
  std::atomic<std::uint64_t> forced_{0};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace valetkey::lifecycle
