// SPDX-License-Identifier: Apache-2.0
// What `valetkey doctor` looks at: the whole way to a token and back, once for each provider.

#include <utility>

#include "api/engine.h"
#include "valetkey/process.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto clock_notice = 5s;
constexpr auto clock_problem = 60s;

Finding problem(std::string what, const Error& error) {
  return {FindingLevel::problem, std::move(what) + ": " + describe(error), error.hint};
}

Finding clock_finding(const std::string& name, std::chrono::seconds ahead) {
  const auto apart = ahead < 0s ? -ahead : ahead;
  if (apart < clock_notice) {
    return {FindingLevel::good, name + ": our clock agrees with the provider's", ""};
  }
  return {apart < clock_problem ? FindingLevel::notice : FindingLevel::problem,
          name + ": our clock is " + std::to_string(apart.count()) + " s " +
              (ahead > 0s ? "behind" : "ahead of") + " the provider's",
          "set the clock, and keep it set with systemd-timesyncd or chrony; until then each "
          "assertion is corrected by the provider's Date header"};
}

}  // namespace

void Engine::diagnose_provider(ProviderSession& session, Deadline deadline,
                               std::vector<Finding>& findings) {
  const std::string name = "[provider." + session.profile().name + "]";
  auto endpoints = session.resolved(deadline);
  if (!endpoints) {
    findings.push_back(problem(name + " its endpoints cannot be found", endpoints.error()));
    return;
  }
  TokenRequest request;
  request.provider = session.profile().name;
  auto prepared = plan(request);
  if (!prepared) {
    findings.push_back(problem(name + " has no usable subject", prepared.error()));
    return;
  }
  // A sign-in has one token at a time, which is the application's; others are got past the cache,
  // so that what is taken back below is nobody else's.
  const bool is_sign_in = endpoints->grant == oauth::Grant::refresh_token;
  const auto& asked = (*prepared)->request;
  const Note ignore = [](const Error&) {};
  Fetched fetched = is_sign_in ? Fetched{keeper_->token(*prepared, deadline)}
                               : session.fetch(asked, nullptr, ignore, deadline);
  if (fetched.refused) keeper_->take_back(std::move(*fetched.refused));
  if (fetched.token) {
    findings.push_back(
        {FindingLevel::good, name + " gives a token for " + text_of(asked.subject), ""});
  } else {
    findings.push_back(problem(name + " gives no token", fetched.token.error()));
  }
  if (const auto ahead = session.clock_difference()) {
    findings.push_back(clock_finding(name, *ahead));
  }
  // At Box, and where RFC 7009 §2.1 is taken at its word, it would end the person's sign-in too.
  if (!fetched.token || fetched.token->fields().developer || is_sign_in) return;
  if (endpoints->revocation_endpoint.empty()) {
    findings.push_back({FindingLevel::notice, name + " has no revocation endpoint",
                        "tokens end by themselves only; keep them narrow"});
    return;
  }
  const auto revoked = session.revoke(*fetched.token, deadline);
  if (revoked) {
    findings.push_back({FindingLevel::good, name + " takes the token back", ""});
    return;
  }
  findings.push_back({FindingLevel::problem,
                      name + " does not take the token back: " + describe(revoked.error()),
                      "check that the client may revoke; the token ends by itself"});
  keeper_->take_back(std::move(*fetched.token));
}

std::vector<Finding> Engine::diagnose(Deadline deadline) {
  std::vector<Finding> findings;
  findings.push_back({FindingLevel::good,
                      (config_.path.empty() ? std::string("the configuration") : config_.path) +
                          " and its secrets can be read",
                      ""});
  if (config_.environment == Environment::development) {
    findings.push_back({FindingLevel::notice, "the environment is development",
                        "write environment = \"production\" before this serves anyone"});
  }
  for (const auto& session : sessions_)
    diagnose_provider(*session, deadline, findings);
  diagnose_shared_cache(config_, shared_, *parts_.clock, deadline, findings);
  if (secrets_are_kept_out_of_swap()) {
    findings.push_back({FindingLevel::good, "secrets are kept out of swap", ""});
  } else {
    findings.push_back({FindingLevel::notice, "the kernel does not let secrets be kept out of swap",
                        "raise the limit: ulimit -l, or LimitMEMLOCK= in a systemd unit"});
  }
  return findings;
}

}  // namespace valetkey::api
