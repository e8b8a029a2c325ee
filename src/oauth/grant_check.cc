// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "oauth/token_response.h"
#include "oauth/url_rules.h"

namespace valetkey::oauth {
namespace {

constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";

Failure wider(std::string_view complaint) {
  return fail(Errc::wider_than_asked, "token response: " + std::string(complaint),
              "the token was refused and withdrawn; report it to the provider");
}

bool is_among(const std::string& scope, const std::vector<std::string>& scopes) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

Result<void> check_scopes(const TokenAnswer& answer, const TokenRequest& request) {
  if (request.scopes.empty()) return {};
  for (const auto& granted : answer.token.scopes) {
    // RFC 6749 §5.1: the server says which scopes it gave when they are not those asked for.
    if (!is_among(granted, request.scopes))
      return wider("it grants a scope that was not asked for");
  }
  return {};
}

/// RFC 8693 §2.2.1: issued_token_type is required. Box leaves it out where nothing was narrowed,
/// and a token that neither it nor restricted_to calls narrow is a full one.
Result<void> check_issued_type(const TokenAnswer& answer, const Profile& profile) {
  if (answer.issued_token_type == access_token_type) return {};
  if (answer.issued_token_type.empty() && profile.type == ProviderType::box) {
    if (!answer.restricted_to.empty()) return {};
    return wider("nothing in it says that it was narrowed");
  }
  return fail(Errc::malformed_response,
              "token response: issued_token_type is not that of an access token",
              "check that the provider supports RFC 8693 token exchange");
}

Result<void> check_box_restriction(const TokenAnswer& answer, const TokenRequest& request) {
  const bool names_item = !request.resource.empty() || !request.shared_link.empty();
  if (!names_item) return {};
  // Box ignores a resource that it overlooks, and then says so here and nowhere else.
  if (answer.restricted_to.empty()) return wider("it is not restricted to the resource asked for");

  constexpr std::string_view api = "https://api.box.com/2.0/";
  const std::string_view resource = request.resource;
  const auto asked = resource.starts_with(api) ? find_box_item(resource.substr(api.size()))
                                               : std::optional<BoxItem>();
  if (!resource.empty() && !asked) return wider("the resource asked for is no Box item");
  const RestrictedTo& first = answer.restricted_to.front();
  for (const auto& restriction : answer.restricted_to) {
    if (restriction.object_id.empty()) return wider("a scope of it is not restricted to an item");
    const bool is_asked =
        asked ? restriction.object_type + "s" == asked->kind && restriction.object_id == asked->id
              : restriction.object_type == first.object_type &&
                    restriction.object_id == first.object_id;
    if (!is_asked) return wider("it is good for an item that was not asked for");
  }
  return {};
}

}  // namespace

Result<void> check_grant(const TokenAnswer& answer, const Profile& profile,
                         const TokenRequest& request) {
  const bool is_box = profile.type == ProviderType::box;
  const bool was_exchanged = answer.token.parent.has_value();
  if (is_box && request.restricted() && !was_exchanged) {
    return wider("Box narrows by exchange alone, and this is a full token");
  }
  if (was_exchanged) {
    if (auto type = check_issued_type(answer, profile); !type) return type;
  }
  if (auto scopes = check_scopes(answer, request); !scopes) return scopes;
  return is_box ? check_box_restriction(answer, request) : Result<void>();
}

}  // namespace valetkey::oauth
