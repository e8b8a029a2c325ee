// SPDX-License-Identifier: Apache-2.0
#include "oauth/introspection_response.h"

#include <boost/json/value.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "oauth/error_response.h"
#include "oauth/secret_json.h"

namespace valetkey::oauth {
namespace {

constexpr JsonSource source{.what = "introspection response",
                            .bytes_max = base::token_response_bytes_max};

Failure refuse(std::string_view complaint) {
  return fail(Errc::malformed_response, "introspection response: " + std::string(complaint),
              "check the provider's introspection endpoint");
}

Result<void> read_texts(const boost::json::object& body, Introspection& seen) {
  const std::pair<std::string_view, std::string*> members[] = {{"client_id", &seen.client_id},
                                                               {"username", &seen.username},
                                                               {"token_type", &seen.token_type},
                                                               {"sub", &seen.subject},
                                                               {"iss", &seen.issuer}};
  for (const auto& [name, member] : members) {
    auto text = find_text(body, name, source);
    if (!text) return failure_of(std::move(text));
    *member = *text;
  }
  auto scope = find_text(body, "scope", source);
  if (!scope) return failure_of(std::move(scope));
  for (const auto one : base::split(*scope, ' '))
    seen.scopes.emplace_back(one);
  return {};
}

/// RFC 7519 §4.1.3: one string, or an array of them.
Result<void> read_audience(const boost::json::object& body, Introspection& seen) {
  const auto* const member = find_member(body, "aud");
  if (member == nullptr) return {};
  if (member->is_string()) {
    seen.audience = text_in(*member);
    return {};
  }
  auto audiences = find_texts(body, "aud", source);
  if (!audiences) return failure_of(std::move(audiences));
  seen.audience = base::joined(*audiences, " ");
  return {};
}

}  // namespace

Result<Introspection> parse_introspection_response(const HttpResponse& response,
                                                   const Profile& profile) {
  if (response.status < 200 || response.status > 299) {
    return fail(parse_error_response(response, profile, Operation::introspection));
  }
  const auto body = parse_secret_json(response.body, source);
  if (!body) return fail(body.error());
  // RFC 7662 §2.2: active is required, a boolean.
  const auto* const active = find_member(*body, "active");
  if (active == nullptr || !active->is_bool()) return refuse("active is missing or no boolean");
  Introspection seen;
  seen.active = active->get_bool();
  if (!seen.active) return seen;
  if (auto texts = read_texts(*body, seen); !texts) return failure_of(std::move(texts));
  if (auto audience = read_audience(*body, seen); !audience) {
    return failure_of(std::move(audience));
  }
  if (const auto* const expiry = find_member(*body, "exp")) {
    const auto* const seconds = expiry->if_int64();
    if (seconds == nullptr) return refuse("exp is not an integer");
    seen.expires_at = *seconds;
  }
  return seen;
}

}  // namespace valetkey::oauth
