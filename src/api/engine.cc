// SPDX-License-Identifier: Apache-2.0
#include "api/engine.h"

#include <algorithm>
#include <random>
#include <utility>

#include "api/config_checks.h"
#include "base/guarded.h"
#include "base/process_identity.h"
#include "base/text.h"
#include "crypto/random.h"
#include "http/curl_transport.h"
#include "oauth/request_rules.h"
#include "valetkey/process.h"
#include "valetkey/version.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

/// Flights that wait for other processes. They ask the provider nothing, and must not keep those
/// from a thread that do; a gate counts the fetches.
constexpr std::size_t waiting_max = 512;

std::function<double()> make_jitter() {
  auto generator = std::make_shared<base::Guarded<std::minstd_rand>>(
      std::minstd_rand(std::random_device{}()));  // shared by the copies of the function
  return [generator] {
    return generator->with([](std::minstd_rand& one) {
      return std::uniform_real_distribution<double>(0.0, 1.0)(one);
    });
  };
}

lifecycle::CachePolicy policy_of(const Config& config) {
  lifecycle::CachePolicy policy;
  policy.lifetime = config.cache.lifetime;
  return policy;
}

// Rule V2: a developer token never leaves this process. And whose sign-in a refresh token is no key
// says (rule C1): two hosts may sign different people in by one client id.
bool is_shareable(oauth::Grant grant) {
  return grant == oauth::Grant::client_credentials || grant == oauth::Grant::jwt;
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::make(Config config, ClientParts parts) {
  auto mistakes = find_mistakes(config);
  if (!mistakes.empty()) return failure_of_mistakes(std::move(mistakes));

  SessionParts session_parts;
  session_parts.clock = parts.clock ? parts.clock : make_system_clock();
  session_parts.jitter = parts.jitter ? std::move(parts.jitter) : make_jitter();
  session_parts.stopper = std::make_shared<base::Stopper>(session_parts.clock);
  session_parts.token_requests = std::make_shared<std::atomic<std::uint64_t>>(0);
  session_parts.transport = parts.transport;
  std::function<void()> stop_transport = [] {};
  if (!session_parts.transport) {
    http::CurlOptions options;
    options.clock = session_parts.clock;
    options.connect_timeout = config.http.connect_timeout;
    options.proxy = config.http.proxy;
    options.ca_file = resolved_path(config, config.http.ca_file);
    options.user_agent = "valetkey/" + std::string(version);
    options.idle_handles_max = config.http.fetches_max;
    auto curl = std::make_shared<http::CurlTransport>(std::move(options));
    stop_transport = [curl] { curl->stop(); };
    session_parts.transport = std::move(curl);
  }

  SharedCache shared{.store = parts.shared_store, .bell = parts.shared_bell};
  if (!shared.store && !config.cache.shared.empty()) {
    shared = open_shared_cache(config, session_parts.clock, mistakes);
  }
  std::vector<std::unique_ptr<ProviderSession>> sessions;
  for (const auto& provider : config.providers) {
    sessions.push_back(ProviderSession::make(config, provider, session_parts, mistakes));
  }
  if (!mistakes.empty()) return failure_of_mistakes(std::move(mistakes));

  return std::shared_ptr<Engine>(new Engine(std::move(config), std::move(session_parts),
                                            std::move(shared), std::move(stop_transport),
                                            std::move(sessions)));
}

std::unique_ptr<lifecycle::Fleet> Engine::make_fleet() const {
  if (!shared_.store) return nullptr;
  lifecycle::FleetOptions options;
  options.policy = policy_;
  // Longer than a fetch may take: nobody takes over from one who is still at it.
  options.lease =
      config_.http.timeout + std::max<std::chrono::milliseconds>(1s, config_.http.timeout / 6);
  options.question_time = config_.cache.shared_timeout;
  const auto make_id = [] { return crypto::random_hex(16); };
  return std::make_unique<lifecycle::Fleet>(
      lifecycle::FleetParts{.clock = parts_.clock,
                            .store = shared_.store,
                            .bell = shared_.bell,
                            .jitter = parts_.jitter,
                            .make_id = make_id,
                            .self = base::process_identity(make_id()),
                            .is_gone = base::process_is_gone},
      options);
}

Engine::Engine(Config config, SessionParts parts, SharedCache shared,
               std::function<void()> stop_transport,
               std::vector<std::unique_ptr<ProviderSession>> sessions)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      stop_transport_(std::move(stop_transport)),
      policy_(policy_of(config_)),
      shared_(std::move(shared)),
      fleet_(make_fleet()),
      cache_({.entries_max = config_.cache.entries_max, .bytes_max = config_.cache.bytes_max},
             parts_.clock),
      sessions_(std::move(sessions)),
      revocation_pool_(std::max<std::size_t>(1, config_.http.fetches_max / 4)) {
  for (std::size_t index = 0; index < config_.providers.size(); ++index) {
    const std::size_t fetches = config_.http.fetches_max;
    gates_.push_back(std::make_unique<base::Gate>(parts_.clock, fetches));
    pools_.push_back(std::make_unique<base::WorkerPool>(fetches + (fleet_ ? waiting_max : 0)));
  }
  lifecycle::TokenFetcher& fetcher = *this;
  lifecycle::TokenRevoker& revoker = *this;
  lifecycle::KeeperOptions options;
  options.policy = policy_;
  options.fetch_time_max = config_.http.timeout;
  options.tokens_max = config_.cache.entries_max;
  std::vector<std::string> provider_keys;
  for (const auto& session : sessions_)
    provider_keys.push_back(oauth::provider_key(session->profile()));
  keeper_ = std::make_unique<lifecycle::TokenKeeper>(
      lifecycle::KeeperParts{.clock = parts_.clock,
                             .executor_for = [this](const lifecycle::Plan& plan)
                                 -> base::Executor& { return *pools_[plan.provider]; },
                             .revocation_executor = revocation_pool_,
                             .cache = cache_,
                             .fetcher = fetcher,
                             .revoker = revoker,
                             .jitter = parts_.jitter,
                             .fleet = fleet_.get(),
                             .provider_keys = std::move(provider_keys)},
      options);
}

void Engine::stop() {
  parts_.stopper->stop();
  keeper_->stop();
  stop_transport_();
  for (const auto& pool : pools_)
    pool->stop();
  revocation_pool_.stop();
}

Result<std::size_t> Engine::provider_index(const std::string& name) const {
  if (name.empty()) {
    if (config_.providers.size() == 1) return std::size_t{0};
    return fail(Errc::invalid_argument, "several providers are configured and none is named",
                "name one of them");
  }
  for (std::size_t index = 0; index < config_.providers.size(); ++index) {
    if (config_.providers[index].name == name) return index;
  }
  std::vector<std::string> names;
  for (const auto& provider : config_.providers)
    names.push_back(provider.name);
  return fail(Errc::invalid_argument, "no provider is called " + base::printable(name, 60),
              "configured: " + base::joined(names, ", "));
}

Result<lifecycle::PlanPtr> Engine::plan(const TokenRequest& request) const {
  auto index = provider_index(request.provider);
  if (!index) return failure_of(std::move(index));
  const ProviderSession& session = *sessions_[*index];
  const oauth::Profile& profile = session.profile();
  TokenRequest named = request;
  named.provider = profile.name;
  auto normal = oauth::normalised(profile, std::move(named));
  if (!normal) return failure_of(std::move(normal));
  auto checked = session.check(*normal);
  if (!checked) return failure_of(std::move(checked));

  auto plan = std::make_shared<lifecycle::Plan>();
  plan->key = oauth::cache_key(profile, *normal);
  plan->provider = *index;
  plan->shareable = is_shareable(profile.grant);
  plan->request = std::move(*normal);
  if (plan->request.restricted() && profile.narrowing == oauth::Narrowing::exchange) {
    auto parent = std::make_shared<lifecycle::Plan>();
    parent->request = oauth::parent_request(plan->request);
    parent->key = oauth::cache_key(profile, parent->request);
    parent->provider = *index;
    parent->shareable = plan->shareable;
    plan->parent = std::move(parent);
  }
  return lifecycle::PlanPtr(std::move(plan));
}

Result<AccessToken> Engine::fetch(const lifecycle::Plan& plan, const AccessToken* parent,
                                  const std::function<void(const Error&)>& note_failure,
                                  Deadline deadline) {
  const auto pass = gates_[plan.provider]->enter(deadline);
  if (!pass) {
    return fail(Errc::timed_out, "too many fetches are under way, and none ended in time",
                "raise fetches_max in [http], or look at the provider with `valetkey doctor`");
  }
  Fetched fetched = session(plan).fetch(plan.request, parent, note_failure, deadline);
  // Rule D2: withdrawn before anyone can hold it, and nobody waits for that (rules R4, F1).
  if (fetched.refused) keeper_->take_back(std::move(*fetched.refused));
  return std::move(fetched.token);
}

Result<void> Engine::revoke(const AccessToken& token, Deadline deadline) {
  auto index = provider_index(token.provider());
  if (!index) return failure_of(std::move(index));
  return session(*index).revoke(token, deadline);
}

std::string Engine::credentials_of(const lifecycle::Plan& plan) {
  return session(plan).credentials_label();
}

bool Engine::are_refused(const lifecycle::Plan& plan) {
  return session(plan).credentials_are_refused();
}

void Engine::report_unauthorized(const AccessToken& token) {
  auto index = provider_index(token.provider());
  if (index) session(*index).note_unauthorized(token);
  keeper_->report_unauthorized(token);
}

Result<void> Engine::reload_secrets() {
  Result<void> worst;
  for (const auto& session : sessions_) {
    auto reloaded = session->reload();
    if (!reloaded && worst) worst = std::move(reloaded);
  }
  keeper_->forget_failures();
  return worst;
}

Status Engine::status() const {
  Status status;
  const Instant now = parts_.clock->now();
  for (const auto& [cached, hits] : cache_.list()) {
    const auto& fields = cached.token.fields();
    TokenStatus one;
    one.fingerprint = fields.fingerprint;
    one.provider = fields.provider;
    one.subject = fields.subject;
    one.scopes = fields.scopes;
    one.resource = fields.resource;
    one.parent = fields.parent;
    one.age = std::chrono::floor<std::chrono::seconds>(now - fields.sent_at);
    one.expires_in = std::chrono::floor<std::chrono::seconds>(
        std::max(cached.lifetime.expires_at - now, std::chrono::nanoseconds::zero()));
    one.zone = lifecycle::name_of(lifecycle::zone_of(cached.lifetime, now));
    one.hits = hits;
    status.tokens.push_back(std::move(one));
  }
  if (fleet_) status.shared = fleet_->status();
  if (shared_.sealed) status.shared.rubbish = shared_.sealed->rubbish_seen();
  status.pending_revocations = keeper_->pending_revocations();
  status.counters.token_requests = parts_.token_requests->load(std::memory_order_relaxed);
  keeper_->add_counters(status.counters);
  status.memory_locked = secrets_are_kept_out_of_swap();
  return status;
}

}  // namespace valetkey::api
