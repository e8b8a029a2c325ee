// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything that a client consists of, made in one place and in one order.

#include <memory>
#include <string>
#include <vector>

#include "api/provider_session.h"
#include "api/shared_cache.h"
#include "base/gate.h"
#include "cache/memory_cache.h"
#include "lifecycle/token_keeper.h"
#include "valetkey/client.h"

namespace valetkey::api {

/// Threads: any.
class Engine final : private lifecycle::TokenFetcher, private lifecycle::TokenRevoker {
 public:
  /// Errors: misconfigured, with every mistake. Blocks: files, commands.
  [[nodiscard]] static Result<std::shared_ptr<Engine>> make(Config config, ClientParts parts);
  ~Engine() override { stop(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Checks and prepares a request. Errors: invalid_argument, misconfigured.
  [[nodiscard]] Result<lifecycle::PlanPtr> plan(const TokenRequest& request) const;
  /// Errors: misconfigured, invalid_argument.
  [[nodiscard]] Result<std::size_t> provider_index(const std::string& name) const;

  [[nodiscard]] lifecycle::TokenKeeper& keeper() { return *keeper_; }
  [[nodiscard]] ProviderSession& session(std::size_t index) { return *sessions_[index]; }
  [[nodiscard]] ProviderSession& session(const lifecycle::Plan& plan) {
    return *sessions_[plan.provider];
  }
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const SessionParts& parts() const { return parts_; }

  void report_unauthorized(const AccessToken& token);
  [[nodiscard]] Result<void> reload_secrets();
  [[nodiscard]] Status status() const;
  [[nodiscard]] std::vector<Finding> diagnose(Deadline deadline);

  /// Cancels what is in the air. Blocks: until it has noticed.
  void stop();

 private:
  Engine(Config config, SessionParts parts, SharedCache shared,
         std::function<void()> stop_transport,
         std::vector<std::unique_ptr<ProviderSession>> sessions);

  std::unique_ptr<lifecycle::Fleet> make_fleet() const;
  Result<AccessToken> fetch(const lifecycle::Plan& plan, const AccessToken* parent,
                            const std::function<void(const Error&)>& note_failure,
                            Deadline deadline) override;
  Result<void> revoke(const AccessToken& token, Deadline deadline) override;
  std::string credentials_of(const lifecycle::Plan& plan) override;
  bool are_refused(const lifecycle::Plan& plan) override;
  void diagnose_provider(ProviderSession& session, Deadline deadline,
                         std::vector<Finding>& findings);

  const Config config_;
  const SessionParts parts_;
  const std::function<void()> stop_transport_;
  const lifecycle::CachePolicy policy_;
  const SharedCache shared_;
  std::unique_ptr<lifecycle::Fleet> fleet_;  // absent: nothing is shared
  cache::MemoryCache cache_;
  std::vector<std::unique_ptr<ProviderSession>> sessions_;
  std::vector<std::unique_ptr<base::Gate>> gates_;        // of each provider: its fetches
  std::vector<std::unique_ptr<base::WorkerPool>> pools_;  // one a provider: none starves another
  base::WorkerPool revocation_pool_;
  std::unique_ptr<lifecycle::TokenKeeper> keeper_;
};

}  // namespace valetkey::api
