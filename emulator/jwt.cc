// SPDX-License-Identifier: Apache-2.0
#include "emulator/jwt.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/signing_key.h"
#include "emulator/replies.h"

namespace valetkey::emulator {
namespace {

struct Jwt {
  json::object header{};
  json::object claims{};
  std::string_view signed_part{};
  std::string signature{};
};

std::optional<json::object> decode_object(std::string_view part) {
  const auto text = crypto::decode_base64url(part);
  if (!text) return std::nullopt;
  json::error_code error;
  auto value = json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

// RFC 7515 §7.1: three parts, each base64url without padding.
std::optional<Jwt> parse_jwt(std::string_view text) {
  if (text.size() > assertion_bytes_max) return std::nullopt;
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto header = decode_object(text.substr(0, first));
  auto claims = decode_object(text.substr(first + 1, second - first - 1));
  auto signature = crypto::decode_base64url(text.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  return Jwt{std::move(*header), std::move(*claims), text.substr(0, second), std::move(*signature)};
}

std::optional<std::string> string_member(const json::object& from, std::string_view name) {
  const auto* const value = from.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<std::int64_t> integer_member(const json::object& from, std::string_view name) {
  const auto* const value = from.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

bool is_audience(const json::object& claims, std::string_view base_url) {
  const auto* value = claims.if_contains("aud");
  if (value == nullptr) return false;
  if (value->is_array()) {
    if (value->get_array().size() != 1) return false;
    value = &value->get_array().front();
  }
  if (!value->is_string()) return false;
  const std::string_view audience(value->get_string());
  return audience == canonical_audience || audience == std::string(base_url) + "/oauth2/token";
}

Reply refuse(std::string_view description) {
  return oauth_error("invalid_grant", description);
}

Reply refuse_claim(std::string_view claim) {
  return refuse("Please check the '" + std::string(claim) + "' claim.");
}

std::optional<Reply> check_signature(const State& state, const Jwt& jwt) {
  const auto name = string_member(jwt.header, "alg").value_or("");
  const auto algorithm = crypto::find_algorithm(name);
  const bool allowed = name == "RS256" || name == "RS384" || name == "RS512";
  if (!algorithm || !allowed) return refuse("Algorithm not allowed");
  if (state.public_keys.empty()) {
    return refuse("This app is not configured properly. No public key(s) added");
  }
  const auto kid = string_member(jwt.header, "kid");
  if (kid && *kid != state.seed.key_id) {
    return refuse("\"kid\" invalid, unable to lookup correct key");
  }
  // Without a `kid` the app's keys are tried one after the other: there is one.
  if (!state.public_keys.front().verify(*algorithm, jwt.signed_part, jwt.signature)) {
    return refuse(
        "Signature verification error. The public key identified by \"kid\" must "
        "correspond to the private key used for signing.");
  }
  return std::nullopt;
}

std::optional<Reply> check_times(const json::object& claims, std::int64_t now) {
  const auto leeway = clock_leeway.count();
  if (!claims.contains("exp")) return refuse_claim("exp");
  const auto expiry = integer_member(claims, "exp");
  if (!expiry) return refuse("Please check the 'exp' claim. Should be an integer");
  for (const std::string_view name : {"iat", "nbf"}) {
    if (!claims.contains(name)) continue;
    const auto time = integer_member(claims, name);
    if (!time || *time < 0 || *time > now + leeway) return refuse_claim(name);
  }
  if (*expiry + leeway <= now) {
    return refuse(
        "Current date/time MUST be before the expiration date/time listed in the 'exp' "
        "claim");
  }
  const auto issued = integer_member(claims, "iat").value_or(now);
  if (*expiry > issued + assertion_life_max.count()) {
    return refuse(
        "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 "
        "seconds beyond the issue time.");
  }
  return std::nullopt;
}

std::optional<Reply> check_subject(const State& state, const json::object& claims,
                                   AssertionSubject& subject) {
  const auto wrong = [] {
    return refuse("Please check the 'sub' claim. The 'sub' specified is invalid.");
  };
  const auto id = string_member(claims, "sub");
  const auto type = string_member(claims, "box_sub_type");
  if (!id || !type) return wrong();
  if (*type == "enterprise") {
    if (*id != state.seed.enterprise_id) return wrong();
    subject = {.is_enterprise = true, .id = *id};
    return std::nullopt;
  }
  if (*type != "user" || state.world.find_user(*id) == nullptr) return wrong();
  subject = {.is_enterprise = false, .id = *id};
  return std::nullopt;
}

std::optional<Reply> check_jti(const State& state, const json::object& claims) {
  const auto jti = string_member(claims, "jti");
  if (!jti || jti->size() < jti_bytes_min || jti->size() > jti_bytes_max) {
    return refuse_claim("jti");
  }
  if (state.used_assertions.contains(*jti)) {
    return refuse("Please check the 'jti' claim. A unique 'jti' value is required.");
  }
  return std::nullopt;
}

void use_up(State& state, const json::object& claims) {
  const auto now = state.clock.now();
  std::erase_if(state.used_assertions, [&](const auto& used) { return used.second <= now; });
  // Longer than any assertion can live, whatever the skew of the wall clock.
  state.used_assertions[*string_member(claims, "jti")] = now + std::chrono::hours(1);
}

}  // namespace

std::optional<AssertionSubject> verify_assertion(State& state, std::string_view assertion,
                                                 Reply& refusal) {
  const auto jwt = parse_jwt(assertion);
  if (!jwt) {
    refusal = refuse("Please check the 'assertion' parameter.");
    return std::nullopt;
  }
  if (string_member(jwt->claims, "iss") != state.seed.client_id) {
    refusal = refuse("Please check the 'iss' claim. The client id specified is invalid.");
    return std::nullopt;
  }
  AssertionSubject subject;
  auto refused = check_signature(state, *jwt);
  if (!refused && !is_audience(jwt->claims, state.base_url)) refused = refuse_claim("aud");
  if (!refused) refused = check_times(jwt->claims, unix_seconds(state.clock.wall()));
  if (!refused) refused = check_jti(state, jwt->claims);
  if (!refused) refused = check_subject(state, jwt->claims, subject);
  if (refused) {
    refusal = std::move(*refused);
    return std::nullopt;
  }
  use_up(state, jwt->claims);
  return subject;
}

bool is_actor_token(std::string_view token) {
  const auto jwt = parse_jwt(token);
  if (!jwt) return false;
  const auto sub = string_member(jwt->claims, "sub");
  return sub && !sub->empty() && string_member(jwt->claims, "box_sub_type") == "external";
}

std::string claimed_subject(std::string_view assertion) {
  const auto jwt = parse_jwt(assertion);
  if (!jwt) return "unknown";
  const auto id = string_member(jwt->claims, "sub").value_or("");
  const auto type = string_member(jwt->claims, "box_sub_type").value_or("");
  if (type != "user" && type != "enterprise") return "unknown";
  return type + ":" + base::printable(id, 40);
}

}  // namespace valetkey::emulator
