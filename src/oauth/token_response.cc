// SPDX-License-Identifier: Apache-2.0
#include "oauth/token_response.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cmath>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "oauth/error_response.h"
#include "oauth/secret_json.h"

namespace valetkey::oauth {
namespace {

namespace json = boost::json;

constexpr JsonSource source{.what = "token response", .bytes_max = base::token_response_bytes_max};
constexpr std::chrono::seconds life_max = std::chrono::hours(24 * 3653);  // ten years
constexpr std::size_t restrictions_max = 10'000;

Failure refuse(std::string_view complaint) {
  return fail(Errc::malformed_response, "token response: " + std::string(complaint),
              "try again; if it persists, the provider's type or address in the configuration is "
              "wrong");
}

/// RFC 6749 Appendix A.12 and A.17: 1*VSCHAR.
bool is_vschar_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char letter) { return letter >= ' ' && letter <= '~'; });
}

Result<Secret> token_in(const json::object& body, std::string_view name) {
  auto text = find_text(body, name, source);
  if (!text) return failure_of(std::move(text));
  if (text->empty()) return Secret();
  if (text->size() > base::token_bytes_max) return refuse(std::string(name) + " is too long");
  if (!is_vschar_text(*text)) {
    return refuse(std::string(name) + " holds characters that no token has");
  }
  return Secret(*text);
}

/// RFC 6749 §5.1 says a number of seconds; some servers send it as a string.
Result<std::optional<std::chrono::seconds>> life_in(const json::object& body) {
  using Life = std::optional<std::chrono::seconds>;
  const auto* const member = find_member(body, "expires_in");
  if (member == nullptr) return Life();
  std::optional<std::int64_t> seconds;
  if (const auto* const number = member->if_int64()) seconds = *number;
  if (const auto* const number = member->if_double()) {
    if (std::abs(*number) <= static_cast<double>(life_max.count()) &&
        std::trunc(*number) == *number) {
      seconds = static_cast<std::int64_t>(*number);
    }
  }
  if (member->is_string()) seconds = base::parse_number(text_in(*member));
  if (!seconds) return refuse("expires_in is not a whole number of seconds");
  if (*seconds < 0 || *seconds > life_max.count()) return refuse("expires_in is out of all bounds");
  return Life(*seconds);
}

Result<RestrictedTo> restriction_in(const json::value& entry) {
  const auto* const object = entry.if_object();
  if (object == nullptr) return refuse("restricted_to holds something else than objects");
  RestrictedTo restriction;
  auto scope = find_text(*object, "scope", source);
  if (!scope) return failure_of(std::move(scope));
  if (scope->empty()) return refuse("restricted_to has an entry without a scope");
  restriction.scope = *scope;
  const auto* const item = find_member(*object, "object");
  if (item == nullptr) return restriction;
  if (!item->is_object()) return refuse("restricted_to names something else than an object");
  auto type = find_text(item->get_object(), "type", source);
  if (!type) return failure_of(std::move(type));
  auto id = find_text(item->get_object(), "id", source);
  if (!id) return failure_of(std::move(id));
  restriction.object_type = *type;
  restriction.object_id = *id;
  return restriction;
}

Result<void> read_restrictions(const json::object& body, TokenAnswer& answer) {
  const auto* const member = find_member(body, "restricted_to");
  if (member == nullptr) return {};
  const auto* const entries = member->if_array();
  if (entries == nullptr) return refuse("restricted_to is not an array");
  if (entries->size() > restrictions_max) return refuse("restricted_to is too long");
  for (const auto& entry : *entries) {
    auto restriction = restriction_in(entry);
    if (!restriction) return failure_of(std::move(restriction));
    answer.restricted_to.push_back(std::move(*restriction));
  }
  return {};
}

/// All that is granted, wherever it is said: Box says it in restricted_to, RFC 6749 §5.1 in scope.
Result<std::vector<std::string>> scopes_in(const json::object& body, const TokenAnswer& answer,
                                           const TokenRequest& request) {
  std::vector<std::string> scopes;
  for (const auto& restriction : answer.restricted_to)
    scopes.push_back(restriction.scope);
  auto text = find_text(body, "scope", source);
  if (!text) return failure_of(std::move(text));
  for (const auto scope : base::split(*text, ' '))
    scopes.emplace_back(scope);
  // RFC 6749 §5.1: without scope it is what was asked for.
  if (scopes.empty()) scopes = request.scopes;
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  return scopes;
}

/// Rules C2, D1.
void set_expiry(TokenFields& token, const HttpResponse& response, std::chrono::seconds life,
                const AccessToken* parent) {
  token.expires_at = response.requested_at + life;
  token.expires_at_wall = response.answered_at_wall + life;
  if (parent == nullptr || !parent->expires_at()) return;
  if (*parent->expires_at() >= *token.expires_at) return;
  token.expires_at = parent->expires_at();
  if (parent->expires_at_wall() && *parent->expires_at_wall() < *token.expires_at_wall) {
    token.expires_at_wall = parent->expires_at_wall();
  }
}

Result<TokenAnswer> read_answer(const json::object& body, const Profile& profile,
                                const TokenRequest& request) {
  TokenAnswer answer;
  auto token = token_in(body, "access_token");
  if (!token) return failure_of(std::move(token));
  if (token->empty()) return refuse("access_token is missing");
  answer.token.value = std::move(*token);

  auto type = find_text(body, "token_type", source);
  if (!type) return failure_of(std::move(type));
  // RFC 6749 §5.1: compared without case. §7.1: a type that is not understood must not be used.
  if (!base::equal_ignoring_case(*type, "bearer")) return refuse("token_type is not bearer");
  answer.token.token_type = *type;

  auto refresh = token_in(body, "refresh_token");
  if (!refresh) return failure_of(std::move(refresh));
  answer.refresh_token = std::move(*refresh);

  auto issued = find_text(body, "issued_token_type", source);
  if (!issued) return failure_of(std::move(issued));
  answer.issued_token_type = *issued;

  if (profile.type == ProviderType::box) {
    if (auto read = read_restrictions(body, answer); !read) return failure_of(std::move(read));
  }
  auto scopes = scopes_in(body, answer, request);
  if (!scopes) return failure_of(std::move(scopes));
  answer.token.scopes = std::move(*scopes);
  return answer;
}

}  // namespace

Result<TokenAnswer> parse_token_response(const HttpResponse& response, const Profile& profile,
                                         const TokenRequest& request, const AccessToken* parent) {
  if (response.status < 200 || response.status > 299) {
    const auto operation = parent != nullptr ? Operation::exchange : operation_of(profile.grant);
    return fail(parse_error_response(response, profile, operation));
  }
  const auto body = parse_secret_json(response.body, source);
  if (!body) return fail(body.error());
  auto answer = read_answer(*body, profile, request);
  if (!answer) return answer;
  auto life = life_in(*body);
  if (!life) return failure_of(std::move(life));

  TokenFields& token = answer->token;
  token.fingerprint = token.value.reveal(crypto::fingerprint_of);
  // Rule D2. Not a token that was given too wide, which would be withdrawn: the parent is in use.
  if (parent != nullptr && token.fingerprint == parent->fingerprint()) {
    return refuse("it is the very token that was to be narrowed");
  }
  token.provider = profile.name;
  token.subject = request.subject;
  token.resource = request.resource;
  token.shared_link = request.shared_link;
  token.sent_at = response.requested_at;
  if (*life) set_expiry(token, response, **life, parent);
  if (parent != nullptr) token.parent = parent->fingerprint();
  return answer;
}

}  // namespace valetkey::oauth
