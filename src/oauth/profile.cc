// SPDX-License-Identifier: Apache-2.0
#include "oauth/profile.h"

#include <array>

namespace valetkey::oauth {
namespace {

constexpr std::array provider_types = {ProviderType::box, ProviderType::oauth2};
constexpr std::array grants = {Grant::jwt, Grant::client_credentials, Grant::developer_token,
                               Grant::refresh_token};
constexpr std::array methods = {ClientAuthMethod::client_secret_post,
                                ClientAuthMethod::client_secret_basic,
                                ClientAuthMethod::private_key_jwt, ClientAuthMethod::none};
constexpr std::array narrowings = {Narrowing::exchange, Narrowing::request};

template <class All>
std::optional<typename All::value_type> find_named(const All& all, std::string_view word) noexcept {
  for (const auto one : all) {
    if (name_of(one) == word) return one;
  }
  return std::nullopt;
}

std::string_view without_trailing_slashes(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  return url;
}

}  // namespace

std::string_view name_of(ProviderType type) noexcept {
  switch (type) {
    case ProviderType::box:
      return "box";
    case ProviderType::oauth2:
      return "oauth2";
  }
  return "oauth2";
}

std::string_view name_of(Grant grant) noexcept {
  switch (grant) {
    case Grant::jwt:
      return "jwt";
    case Grant::client_credentials:
      return "client_credentials";
    case Grant::developer_token:
      return "developer_token";
    case Grant::refresh_token:
      return "refresh_token";
  }
  return "client_credentials";
}

std::string_view name_of(ClientAuthMethod method) noexcept {
  switch (method) {
    case ClientAuthMethod::client_secret_post:
      return "client_secret_post";
    case ClientAuthMethod::client_secret_basic:
      return "client_secret_basic";
    case ClientAuthMethod::private_key_jwt:
      return "private_key_jwt";
    case ClientAuthMethod::none:
      return "none";
  }
  return "none";
}

std::string_view name_of(Narrowing narrowing) noexcept {
  switch (narrowing) {
    case Narrowing::exchange:
      return "exchange";
    case Narrowing::request:
      return "request";
  }
  return "exchange";
}

std::optional<ProviderType> find_provider_type(std::string_view word) noexcept {
  return find_named(provider_types, word);
}
std::optional<Grant> find_grant(std::string_view word) noexcept {
  return find_named(grants, word);
}
std::optional<ClientAuthMethod> find_client_auth(std::string_view word) noexcept {
  return find_named(methods, word);
}
std::optional<Narrowing> find_narrowing(std::string_view word) noexcept {
  return find_named(narrowings, word);
}

void apply_box_defaults(Profile& profile, std::string_view base_url, std::string_view upload_url) {
  constexpr std::string_view box_itself = "https://api.box.com";
  const std::string base(without_trailing_slashes(base_url.empty() ? box_itself : base_url));
  profile.type = ProviderType::box;
  profile.token_endpoint = base + "/oauth2/token";
  profile.revocation_endpoint = base + "/oauth2/revoke";
  profile.introspection_endpoint.clear();
  profile.api_base = base;
  if (!upload_url.empty()) {
    profile.upload_base = without_trailing_slashes(upload_url);
  } else {
    profile.upload_base = base == box_itself ? "https://upload.box.com/api" : base + "/api";
  }
  profile.client_auth = ClientAuthMethod::client_secret_post;  // Box refuses HTTP Basic
  profile.narrowing = Narrowing::exchange;
  // Box checks `aud` against its own name whatever address it is reached by.
  profile.assertion_audience = "https://api.box.com/oauth2/token";
}

}  // namespace valetkey::oauth
