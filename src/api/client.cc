// SPDX-License-Identifier: Apache-2.0
#include "valetkey/client.h"

#include <algorithm>
#include <utility>

#include "api/authorized_call.h"
#include "api/config_checks.h"
#include "api/engine.h"
#include "base/assert.h"
#include "crypto/digest.h"

namespace valetkey {

struct Client::Impl {
  // Shared by the client and its handles, so that a handle may not dangle.
  std::shared_ptr<api::Engine> engine;
};

struct TokenHandle::Impl {
  std::shared_ptr<api::Engine> engine;
  lifecycle::PlanPtr plan;
};

Result<AccessToken> TokenHandle::token(Deadline deadline) const {
  return impl_->engine->keeper().token(impl_->plan, deadline);
}

Result<Client> Client::open(const std::string& config_path) {
  auto config = load_config(config_path);
  if (!config) return failure_of(std::move(config));
  return make(std::move(*config));
}

Result<Client> Client::make(Config config, ClientParts parts) {
  auto engine = api::Engine::make(std::move(config), std::move(parts));
  if (!engine) return failure_of(std::move(engine));
  return Client(std::make_unique<Impl>(Impl{std::move(*engine)}));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&& other) noexcept = default;
Client& Client::operator=(Client&& other) noexcept = default;
Client::~Client() {
  if (impl_) impl_->engine->stop();
}

Result<AccessToken> Client::token(const TokenRequest& request, Deadline deadline) {
  auto plan = impl_->engine->plan(request);
  if (!plan) return failure_of(std::move(plan));
  return impl_->engine->keeper().token(*plan, deadline);
}

Result<TokenHandle> Client::handle(const TokenRequest& request) {
  auto plan = impl_->engine->plan(request);
  if (!plan) return failure_of(std::move(plan));
  return TokenHandle(std::make_shared<const TokenHandle::Impl>(
      TokenHandle::Impl{impl_->engine, std::move(*plan)}));
}

void Client::report_unauthorized(const AccessToken& token) {
  impl_->engine->report_unauthorized(token);
}

Result<HttpResponse> Client::call(const ApiCall& call, Deadline deadline) {
  auto plan = impl_->engine->plan(call.token);
  if (!plan) return failure_of(std::move(plan));
  const auto& profile = impl_->engine->session(**plan).profile();
  auto url = api::target_url(call.target, {profile.api_base, profile.upload_base});
  if (!url) return failure_of(std::move(url));
  auto& engine = *impl_->engine;
  const auto& session_parts = engine.parts();
  const api::CallParts parts{
      .clock = session_parts.clock,
      .transport = session_parts.transport,
      .jitter = session_parts.jitter,
      .stopper = session_parts.stopper,
      .token = [&](Deadline until) { return engine.keeper().token(*plan, until); },
      .report_unauthorized = [&](const AccessToken& one) { engine.report_unauthorized(one); },
      .retry = session_parts.retry};
  return api::call_authorized(call, *url, parts, deadline);
}

Result<RevocationReport> Client::revoke(const AccessToken& token, Deadline deadline) {
  return impl_->engine->keeper().revoke(token, deadline);
}

Result<RevocationReport> Client::revoke(const std::string& provider, Secret token,
                                        Deadline deadline) {
  auto index = impl_->engine->provider_index(provider);
  if (!index) return failure_of(std::move(index));
  if (token.empty()) return fail(Errc::invalid_argument, "the token to revoke is empty");
  TokenFields fields;
  fields.fingerprint =
      token.reveal([](std::string_view text) { return crypto::fingerprint_of(text); });
  fields.value = std::move(token);
  fields.provider = impl_->engine->config().providers[*index].name;
  fields.token_type = "bearer";
  return impl_->engine->keeper().revoke(AccessToken(std::move(fields)), deadline);
}

Result<RevocationReport> Client::revoke_subject(const std::string& provider, const Subject& subject,
                                                Deadline deadline) {
  TokenRequest request;
  request.provider = provider;
  request.subject = subject;
  auto plan = impl_->engine->plan(request);
  if (!plan) return failure_of(std::move(plan));
  return impl_->engine->keeper().revoke_reach(
      {.provider = (*plan)->provider, .subject = (*plan)->request.subject}, *plan, deadline);
}

Result<RevocationReport> Client::revoke_provider(const std::string& provider, Deadline deadline) {
  auto index = impl_->engine->provider_index(provider);
  if (!index) return failure_of(std::move(index));
  return impl_->engine->keeper().revoke_reach({.provider = *index}, nullptr, deadline);
}

Result<RevocationReport> Client::revoke_all(Deadline deadline) {
  return impl_->engine->keeper().revoke_reach({}, nullptr, deadline);
}

Result<Introspection> Client::introspect(const AccessToken& token, Deadline deadline) {
  auto index = impl_->engine->provider_index(token.provider());
  if (!index) return failure_of(std::move(index));
  return impl_->engine->session(*index).introspect(token, deadline);
}

Result<void> Client::reload_secrets() {
  return impl_->engine->reload_secrets();
}

Status Client::status() const {
  return impl_->engine->status();
}
const Config& Client::config() const {
  return impl_->engine->config();
}

std::vector<Finding> Client::diagnose(Deadline deadline) {
  return impl_->engine->diagnose(deadline);
}

}  // namespace valetkey
