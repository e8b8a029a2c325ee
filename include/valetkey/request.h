// SPDX-License-Identifier: Apache-2.0
#pragma once
// What to ask a token for: a provider, a subject, a restriction.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace valetkey {

/// On whose behalf. `configured` is what the provider's configuration names.
enum class SubjectType : std::uint8_t { configured, client, enterprise, user };

struct Subject {
  SubjectType type = SubjectType::configured;
  std::string id{};

  bool operator==(const Subject&) const = default;
};

[[nodiscard]] inline Subject user(std::string id) { return {SubjectType::user, std::move(id)}; }
/// An empty id is the configured enterprise.
[[nodiscard]] inline Subject enterprise(std::string id = {}) {
  return {SubjectType::enterprise, std::move(id)};
}

/// "user:12345", "enterprise:678", "client", or "configured".
[[nodiscard]] std::string text_of(const Subject& subject);

/// A person outside the provider for whom the token acts (RFC 8693 §2.1 actor_token; Box's
/// annotator tokens).
struct Actor {
  std::string id{};
  std::string name{};

  bool operator==(const Actor&) const = default;
};

/// Everything that changes the token. Two requests that compare equal share one cached token.
struct TokenRequest {
  std::string provider{};               ///< name in the configuration; empty: the only one
  Subject subject{};
  std::vector<std::string> scopes{};    ///< RFC 6749 §3.3; order and repeats mean nothing
  std::string resource{};               ///< RFC 8693 §2.1, RFC 8707: a URL; for Box see box.h
  std::string shared_link{};            ///< Box: instead of `resource`
  std::string audience{};               ///< RFC 8693 §2.1
  Actor actor{};
  std::chrono::seconds min_life{0};     ///< never a token with less life left; not part of the key

  /// Whether anything narrows the token. An unrestricted request is for the full token.
  [[nodiscard]] bool restricted() const noexcept {
    return !scopes.empty() || !resource.empty() || !shared_link.empty() || !audience.empty() ||
           !actor.id.empty();
  }
  bool operator==(const TokenRequest&) const = default;
};

}  // namespace valetkey
