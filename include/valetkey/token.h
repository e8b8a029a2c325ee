// SPDX-License-Identifier: Apache-2.0
#pragma once
// An access token: the secret, and what is known about it.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "valetkey/request.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey {

/// First 12 hex digits of a token's SHA-256: the only form in which it may appear in a log, a
/// metric, an error or a page.
class Fingerprint {
 public:
  static constexpr std::size_t digits = 12;

  constexpr Fingerprint() noexcept { hex_.fill('0'); }
  /// Precondition: `hex` has at least 12 characters.
  explicit Fingerprint(std::string_view hex);

  [[nodiscard]] std::string_view text() const noexcept { return {hex_.data(), hex_.size()}; }
  auto operator<=>(const Fingerprint&) const = default;

 private:
  std::array<char, digits> hex_;
};

/// Where a token that was handed out came from.
enum class TokenOrigin : std::uint8_t { memory, shared, provider };
[[nodiscard]] std::string_view name_of(TokenOrigin origin) noexcept;

/// What the server said of a token, with the token itself.
struct TokenFields {
  Secret value{};
  Fingerprint fingerprint{};
  std::string provider{};
  Subject subject{};
  std::string token_type{};               ///< as the server spelt it; compare without case
  std::vector<std::string> scopes{};      ///< granted; empty: the server named none
  std::string resource{};                 ///< asked for, and confirmed by the server's answer
  std::string shared_link{};
  Instant sent_at{};                      ///< when the request for it was sent
  std::optional<Instant> expires_at{};    ///< absent: the server did not say (RFC 6749 §5.1)
  std::optional<WallTime> expires_at_wall{};
  std::optional<Fingerprint> parent{};    ///< the token that it was narrowed from
  bool developer = false;                 ///< never leaves this process's memory
};

/// A handle on an immutable token. Move-only; `share` makes a second handle on the same bytes,
/// which are wiped when the last handle dies. Threads: any, as for const objects.
class AccessToken {
 public:
  explicit AccessToken(TokenFields fields, TokenOrigin origin = TokenOrigin::provider)
      : body_(std::make_shared<const TokenFields>(std::move(fields))), origin_(origin) {}
  AccessToken(AccessToken&&) noexcept = default;
  AccessToken& operator=(AccessToken&&) noexcept = default;
  AccessToken(const AccessToken&) = delete;
  AccessToken& operator=(const AccessToken&) = delete;
  ~AccessToken() = default;

  /// SECURITY: every call is a place where the token can leak. The view dies with `use`.
  template <class Use>
  decltype(auto) reveal(Use&& use) const {
    return body_->value.reveal(std::forward<Use>(use));
  }

  [[nodiscard]] const Fingerprint& fingerprint() const noexcept { return body_->fingerprint; }
  [[nodiscard]] const std::string& provider() const noexcept { return body_->provider; }
  [[nodiscard]] const Subject& subject() const noexcept { return body_->subject; }
  [[nodiscard]] const std::string& token_type() const noexcept { return body_->token_type; }
  [[nodiscard]] const std::vector<std::string>& scopes() const noexcept { return body_->scopes; }
  [[nodiscard]] const std::string& resource() const noexcept { return body_->resource; }
  [[nodiscard]] const std::optional<Instant>& expires_at() const noexcept {
    return body_->expires_at;
  }
  [[nodiscard]] const std::optional<WallTime>& expires_at_wall() const noexcept {
    return body_->expires_at_wall;
  }
  [[nodiscard]] const TokenFields& fields() const noexcept { return *body_; }
  [[nodiscard]] TokenOrigin origin() const noexcept { return origin_; }

  [[nodiscard]] AccessToken share() const { return share(origin_); }
  [[nodiscard]] AccessToken share(TokenOrigin origin) const { return {body_, origin}; }

 private:
  AccessToken(std::shared_ptr<const TokenFields> body, TokenOrigin origin)
      : body_(std::move(body)), origin_(origin) {}

  std::shared_ptr<const TokenFields> body_;  // shared by every handle on the same token
  TokenOrigin origin_;
};

}  // namespace valetkey
