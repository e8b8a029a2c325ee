// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is known of a provider: its endpoints, its client, and its habits.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/request.h"

namespace valetkey::oauth {

enum class ProviderType : std::uint8_t { box, oauth2 };
enum class Grant : std::uint8_t { jwt, client_credentials, developer_token, refresh_token };
/// RFC 7591 §2.
enum class ClientAuthMethod : std::uint8_t {
  client_secret_post,
  client_secret_basic,
  private_key_jwt,
  none,
};
/// How a restricted token is got: from its parent (RFC 8693), or by asking for less to begin with.
enum class Narrowing : std::uint8_t { exchange, request };

struct Profile {
  std::string name{};
  ProviderType type = ProviderType::box;
  Grant grant = Grant::client_credentials;
  std::string client_id{};
  Subject default_subject{};  ///< what SubjectType::configured means here
  std::string enterprise_id{};
  std::string issuer{};
  std::string token_endpoint{};
  std::string revocation_endpoint{};     ///< empty: the provider cannot revoke
  std::string introspection_endpoint{};  ///< empty: the provider cannot introspect
  std::string api_base{};                ///< paths such as /2.0/users/me are appended
  std::string upload_base{};
  ClientAuthMethod client_auth = ClientAuthMethod::client_secret_post;
  Narrowing narrowing = Narrowing::exchange;
  std::string assertion_audience{};         ///< `aud` of our JWTs; empty: the token endpoint
  std::vector<std::string> extra_scopes{};  ///< accepted although the profile does not know them
};

[[nodiscard]] std::string_view name_of(ProviderType type) noexcept;
[[nodiscard]] std::string_view name_of(Grant grant) noexcept;
[[nodiscard]] std::string_view name_of(ClientAuthMethod method) noexcept;
[[nodiscard]] std::string_view name_of(Narrowing narrowing) noexcept;

/// By the configuration's words.
[[nodiscard]] std::optional<ProviderType> find_provider_type(std::string_view word) noexcept;
[[nodiscard]] std::optional<Grant> find_grant(std::string_view word) noexcept;
[[nodiscard]] std::optional<ClientAuthMethod> find_client_auth(std::string_view word) noexcept;
[[nodiscard]] std::optional<Narrowing> find_narrowing(std::string_view word) noexcept;

/// Endpoints and habits of the Box Platform below `base_url` (https://api.box.com, or an
/// emulator's). An empty `upload_url` is derived: upload.box.com/api for Box itself, else
/// `base_url` + "/api".
void apply_box_defaults(Profile& profile, std::string_view base_url, std::string_view upload_url);

}  // namespace valetkey::oauth
