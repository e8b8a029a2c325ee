// SPDX-License-Identifier: Apache-2.0
#pragma once
// One configured provider: its endpoints, its credentials, and what can be asked of it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/conversation.h"
#include "api/grant_source.h"
#include "valetkey/introspection.h"

namespace valetkey::api {

/// What asking for a token has brought.
struct Fetched {
  Result<AccessToken> token;
  /// What came and was not as asked for (rule D2): to be withdrawn, and given to nobody.
  std::optional<AccessToken> refused{};
};

/// Threads: any.
class ProviderSession {
 public:
  /// Reads the provider's secrets; mistakes are noted, and then nothing is returned.
  /// Blocks: files, commands.
  [[nodiscard]] static std::unique_ptr<ProviderSession> make(const Config& config,
                                                             const ProviderConfig& provider,
                                                             const SessionParts& parts,
                                                             std::vector<Mistake>& mistakes);

  /// What is known without asking the network: enough for the rules and keys of requests.
  [[nodiscard]] const oauth::Profile& profile() const { return endpoints_.base(); }

  /// Whether the grant can be had for this (normalised) request. Errors: invalid_argument.
  [[nodiscard]] Result<void> check(const TokenRequest& request) const;

  /// By the configured grant, or by exchange of `parent` (RFC 8693).
  /// Errors of this and of all that sends: cancelled, with nothing sent, once the client has
  /// stopped. Blocks: network.
  [[nodiscard]] Fetched fetch(const TokenRequest& request, const AccessToken* parent,
                              const Note& note, Deadline deadline);
  [[nodiscard]] Result<void> revoke(const AccessToken& token, Deadline deadline);
  [[nodiscard]] Result<Introspection> introspect(const AccessToken& token, Deadline deadline);

  /// Tells one reading of the credentials from another, and nothing of them.
  [[nodiscard]] std::string credentials_label() const { return credentials_->held()->label; }
  /// Whether the provider refused every one of them as such, and not for what they were used for.
  [[nodiscard]] bool credentials_are_refused() const { return conversation_.all_refused(); }

  /// Told of each token that an API refused.
  void note_unauthorized(const AccessToken& token);
  /// Reads the credentials again (rule S6), and lets what was refused be tried once more.
  [[nodiscard]] Result<void> reload() {
    conversation_.forget_refusals();
    return credentials_->reload();
  }

  [[nodiscard]] Result<oauth::Profile> resolved(Deadline deadline) {
    return endpoints_.resolved([](const Error&) {}, deadline);
  }
  [[nodiscard]] std::optional<std::chrono::seconds> clock_difference() const {
    return conversation_.clock_difference();
  }

 private:
  ProviderSession(const ProviderConfig& provider, oauth::Profile profile,
                  std::unique_ptr<Credentials> credentials, const SessionParts& parts);

  [[nodiscard]] Result<void> check_running() const;
  [[nodiscard]] Result<oauth::TokenAnswer> exchange(const TokenRequest& request,
                                                    const AccessToken& parent, const Note& note,
                                                    Deadline deadline);
  [[nodiscard]] Result<Secret> sign_actor(const Attempt& attempt, const Actor& actor) const;

  const std::string algorithm_;
  const std::string key_id_;
  const std::shared_ptr<base::Stopper> stopper_;  // shared with the client
  const std::unique_ptr<Credentials> credentials_;
  Endpoints endpoints_;
  Conversation conversation_;
  std::unique_ptr<GrantSource> grant_;
  DeveloperGrant* developer_ = nullptr;  // `grant_`, when it is one
};

}  // namespace valetkey::api
