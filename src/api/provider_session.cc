// SPDX-License-Identifier: Apache-2.0
#include "api/provider_session.h"

#include <utility>

#include "api/config_checks.h"
#include "base/log.h"
#include "oauth/introspection_response.h"
#include "oauth/request_rules.h"
#include "oauth/revocation_response.h"
#include "oauth/token_request.h"
#include "secrets/private_file.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

oauth::Profile profile_of(const ProviderConfig& provider, const AppFacts& app) {
  oauth::Profile profile;
  profile.name = provider.name;
  profile.type = provider.type == "box" ? oauth::ProviderType::box : oauth::ProviderType::oauth2;
  profile.grant = oauth::find_grant(provider.grant).value_or(oauth::Grant::client_credentials);
  profile.client_id = provider.client_id.empty() ? app.client_id : provider.client_id;
  profile.enterprise_id =
      provider.enterprise_id.empty() ? app.enterprise_id : provider.enterprise_id;
  profile.extra_scopes = provider.extra_scopes;
  if (!provider.user_id.empty()) {
    profile.default_subject = user(provider.user_id);
  } else if (!profile.enterprise_id.empty()) {
    profile.default_subject = enterprise(profile.enterprise_id);
  } else if (!app.user_id.empty()) {
    profile.default_subject = user(app.user_id);
  } else {
    profile.default_subject = {SubjectType::client, ""};
  }
  if (profile.type == oauth::ProviderType::box) {
    oauth::apply_box_defaults(profile,
                              provider.base_url.empty() ? "https://api.box.com" : provider.base_url,
                              provider.upload_url);
  } else {
    profile.issuer = provider.issuer;
    profile.api_base = provider.api_url;
    profile.narrowing = oauth::Narrowing::request;
    profile.client_auth = provider.private_key.empty()
                              ? oauth::ClientAuthMethod::client_secret_basic
                              : oauth::ClientAuthMethod::private_key_jwt;
  }
  if (const auto method = oauth::find_client_auth(provider.client_auth)) {
    profile.client_auth = *method;
  }
  if (provider.narrow == "exchange") profile.narrowing = oauth::Narrowing::exchange;
  if (provider.narrow == "request") profile.narrowing = oauth::Narrowing::request;
  return profile;
}

std::string refresh_path(const Config& config, const ProviderConfig& provider) {
  constexpr std::string_view kind = "file:";  // find_mistakes has seen it
  return resolved_path(config, provider.refresh_token.substr(kind.size()));
}

bool subject_is_fixed(oauth::Grant grant) {
  return grant == oauth::Grant::developer_token || grant == oauth::Grant::refresh_token;
}

/// Whether the provider's refresh token is there to be used; reading it spends nothing.
bool has_refresh_token(const Config& config, const ProviderConfig& provider,
                       std::vector<Mistake>& mistakes) {
  auto held = secrets::load_private_file(refresh_path(config, provider));
  if (held) return true;
  mistakes.push_back(mistake_at(config, provider, "refresh_token",
                                "refresh_token: " + describe(held.error()), held.error().hint));
  return false;
}

}  // namespace

std::unique_ptr<ProviderSession> ProviderSession::make(const Config& config,
                                                       const ProviderConfig& provider,
                                                       const SessionParts& parts,
                                                       std::vector<Mistake>& mistakes) {
  auto credentials = Credentials::make(config, provider, parts.clock, mistakes);
  std::unique_ptr<secrets::SecretSource> developer_source;
  if (provider.grant == "developer_token") {
    developer_source = source_of(config, provider.developer_token, parts.clock);
    auto tried = developer_source->load(Deadline{parts.clock->now() + 10s});
    if (!tried) {
      mistakes.push_back(mistake_at(config, provider, "developer_token",
                                    "developer_token: " + describe(tried.error()),
                                    tried.error().hint));
      return nullptr;
    }
  }
  if (provider.grant == "refresh_token" && !has_refresh_token(config, provider, mistakes)) {
    return nullptr;
  }
  if (!credentials) return nullptr;
  const AppFacts app = credentials->held()->app;
  const auto profile = profile_of(provider, app);
  if (profile.grant == oauth::Grant::jwt && !credentials->held()->key) {
    mistakes.push_back(mistake_at(config, provider, "app_config", "app_config holds no private key",
                                  "generate a key pair in the Box developer console and use the "
                                  "file that it downloads"));
    return nullptr;
  }
  std::unique_ptr<ProviderSession> made(
      new ProviderSession(provider, profile, std::move(credentials), parts));
  switch (profile.grant) {
    case oauth::Grant::jwt:
    case oauth::Grant::client_credentials:
      made->grant_ = std::make_unique<ServerGrant>(made->conversation_, profile.grant,
                                                   made->algorithm_, made->key_id_);
      break;
    case oauth::Grant::refresh_token:
      made->grant_ =
          std::make_unique<RefreshGrant>(made->conversation_, refresh_path(config, provider),
                                         profile.type == oauth::ProviderType::box, parts.clock);
      break;
    case oauth::Grant::developer_token: {
      auto developer =
          std::make_unique<DeveloperGrant>(profile, std::move(developer_source), parts.clock);
      made->developer_ = developer.get();
      made->grant_ = std::move(developer);
      break;
    }
  }
  return made;
}

ProviderSession::ProviderSession(const ProviderConfig& provider, oauth::Profile profile,
                                 std::unique_ptr<Credentials> credentials,
                                 const SessionParts& parts)
    : algorithm_(provider.algorithm.empty() ? "RS256" : provider.algorithm),
      key_id_(provider.key_id),
      stopper_(parts.stopper),
      credentials_(std::move(credentials)),
      endpoints_(std::move(profile), !provider.client_auth.empty(), parts),
      conversation_(endpoints_, *credentials_, algorithm_, key_id_, parts) {}

Result<void> ProviderSession::check(const TokenRequest& request) const {
  const auto& base = profile();
  if (subject_is_fixed(base.grant) && request.subject != base.default_subject) {
    return fail(Errc::invalid_argument,
                "grant " + std::string(oauth::name_of(base.grant)) +
                    " gives tokens of one subject only, and another one is asked for",
                "leave the subject out, or use grant client_credentials or jwt");
  }
  return {};
}

// Before files, commands and a document of metadata are read for what will not be sent.
Result<void> ProviderSession::check_running() const {
  if (!stopper_->stopped()) return {};
  return fail(Errc::cancelled, "valetkey is shutting down");
}

Fetched ProviderSession::fetch(const TokenRequest& request, const AccessToken* parent,
                               const Note& note, Deadline deadline) {
  if (auto running = check_running(); !running) return {failure_of(std::move(running))};
  auto answer = parent == nullptr ? grant_->fetch(request, note, deadline)
                                  : exchange(request, *parent, note, deadline);
  if (!answer) return {failure_of(std::move(answer))};
  auto checked = oauth::check_grant(*answer, profile(), request);
  AccessToken token(std::move(answer->token), TokenOrigin::provider);
  if (checked) return {std::move(token)};
  base::log(LogLevel::error, "token " + std::string(token.fingerprint().text()) +
                                 " is refused and withdrawn: " + describe(checked.error()));
  return {failure_of(std::move(checked)), std::move(token)};
}

Result<oauth::TokenAnswer> ProviderSession::exchange(const TokenRequest& request,
                                                     const AccessToken& parent, const Note& note,
                                                     Deadline deadline) {
  Question question;
  question.has_assertion = !request.actor.id.empty();
  question.build = [&](const Attempt& attempt) -> Result<HttpRequest> {
    if (request.actor.id.empty()) {
      return oauth::exchange_request(attempt.profile, request, parent, nullptr, attempt.proof);
    }
    auto actor = sign_actor(attempt, request.actor);
    if (!actor) return failure_of(std::move(actor));
    return oauth::exchange_request(attempt.profile, request, parent, &*actor, attempt.proof);
  };
  auto answer = ask_for_token(conversation_, std::move(question), request, &parent, note, deadline);
  const bool is_developers = developer_ != nullptr && parent.fields().developer;
  if (answer) {
    answer->token.developer = is_developers;
  } else if (is_developers && answer.error().code == Errc::invalid_grant) {
    // Rule V2: what cannot be narrowed any more has ended, and no asking again brings the next.
    developer_->note_unauthorized(parent.fingerprint());
    return developer_->ended();
  }
  return answer;
}

Result<Secret> ProviderSession::sign_actor(const Attempt& attempt, const Actor& actor) const {
  if (!attempt.held.key) {
    return fail(Errc::invalid_argument, "an actor needs a signing key, and the provider has none",
                "configure grant = \"jwt\" with app_config, or leave the actor out");
  }
  auto plan = plan_assertion(attempt.profile, key_id_.empty() ? attempt.held.app.key_id : key_id_,
                             algorithm_, attempt.now);
  plan.subject = actor.id;
  plan.name = actor.name;
  plan.box_sub_type = "external";
  plan.audience = attempt.profile.assertion_audience;
  return oauth::make_assertion(*attempt.held.key, plan);
}

Result<void> ProviderSession::revoke(const AccessToken& token, Deadline deadline) {
  if (auto running = check_running(); !running) return running;
  Question question;
  question.build = [&](const Attempt& attempt) -> Result<HttpRequest> {
    if (attempt.profile.revocation_endpoint.empty()) {
      return fail(Errc::misconfigured, "the provider has no revocation endpoint",
                  "the token ends by itself; it is served no more from here");
    }
    return oauth::revocation_request(attempt.profile, token, attempt.proof);
  };
  question.judge = [](const HttpResponse& response,
                      const oauth::Profile& resolved) -> std::optional<Error> {
    auto parsed = oauth::parse_revocation_response(response, resolved);
    if (!parsed) return std::move(parsed).error();
    return std::nullopt;
  };
  return conversation_.ask(
      question, [](const Error&) {}, deadline);
}

Result<Introspection> ProviderSession::introspect(const AccessToken& token, Deadline deadline) {
  if (auto running = check_running(); !running) return failure_of(std::move(running));
  std::optional<Introspection> answer;
  Question question;
  question.build = [&](const Attempt& attempt) -> Result<HttpRequest> {
    if (attempt.profile.introspection_endpoint.empty()) {
      return fail(Errc::misconfigured, "the provider has no introspection endpoint",
                  "Box has none; ask its API instead");
    }
    return oauth::introspection_request(attempt.profile, token, attempt.proof);
  };
  question.judge = [&](const HttpResponse& response,
                       const oauth::Profile& resolved) -> std::optional<Error> {
    auto parsed = oauth::parse_introspection_response(response, resolved);
    if (!parsed) return std::move(parsed).error();
    answer.emplace(std::move(*parsed));
    return std::nullopt;
  };
  auto asked = conversation_.ask(
      question, [](const Error&) {}, deadline);
  if (!asked) return failure_of(std::move(asked));
  return std::move(*answer);
}

void ProviderSession::note_unauthorized(const AccessToken& token) {
  if (developer_ != nullptr && !token.fields().parent) {
    developer_->note_unauthorized(token.fingerprint());
  }
}

}  // namespace valetkey::api
