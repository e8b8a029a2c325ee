// SPDX-License-Identifier: Apache-2.0
#include "oauth/assertion.h"

#include <string.h>  // explicit_bzero

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "crypto/digest.h"

namespace valetkey::oauth {
namespace {

namespace json = boost::json;

constexpr std::size_t jti_length_min = 16;  // Box's bounds; RFC 7519 §4.1.7 has none
constexpr std::size_t jti_length_max = 128;

void set_present(json::object& object, std::string_view name, const std::string& value) {
  if (!value.empty()) object[json::string_view(name.data(), name.size())] = value;
}

std::string header_of(const AssertionPlan& plan) {
  json::object header;
  const auto algorithm = crypto::name_of(plan.algorithm);
  header["alg"] = json::string_view(algorithm.data(), algorithm.size());
  header["typ"] = "JWT";
  set_present(header, "kid", plan.key_id);
  return json::serialize(header);
}

std::string claims_of(const AssertionPlan& plan) {
  json::object claims;
  claims["iss"] = plan.issuer;
  claims["sub"] = plan.subject;  // a string always: Box refuses a number
  set_present(claims, "box_sub_type", plan.box_sub_type);
  claims["aud"] = plan.audience;
  set_present(claims, "name", plan.name);
  claims["jti"] = plan.jti;
  // RFC 7519 §2 lets a NumericDate have a fraction; Box refuses one.
  const auto now = std::chrono::floor<std::chrono::seconds>(plan.now.time_since_epoch());
  if (plan.with_issued_at) claims["iat"] = std::int64_t{now.count()};
  claims["exp"] = std::int64_t{(now + plan.life).count()};
  return json::serialize(claims);
}

void append_and_wipe(SecretBuilder& to, std::string&& text) {
  to.append(text);
  if (!text.empty()) explicit_bzero(text.data(), text.size());
}

}  // namespace

Result<Secret> make_assertion(const crypto::SigningKey& key, const AssertionPlan& plan) {
  if (plan.jti.size() < jti_length_min || plan.jti.size() > jti_length_max) {
    return fail(Errc::invalid_argument, "assertion: jti is not 16 to 128 characters long",
                "make it of 16 random bytes in hexadecimal digits");
  }
  // RFC 7523 §3: issuer, subject, audience and expiry are required.
  if (plan.issuer.empty() || plan.subject.empty() || plan.audience.empty()) {
    return fail(Errc::invalid_argument, "assertion: issuer, subject or audience is empty",
                "set the provider's client_id, and name a user or an enterprise");
  }
  const std::string message =
      crypto::encode_base64url(header_of(plan)) + "." + crypto::encode_base64url(claims_of(plan));
  auto signature = key.sign(plan.algorithm, message);
  if (!signature) return failure_of(std::move(signature));

  // SECURITY: only with its signature is the message worth anything to a thief.
  SecretBuilder assertion(message.size() + 1 + signature->size() * 2);
  assertion.append(message).append('.');
  append_and_wipe(assertion, crypto::encode_base64url(*signature));
  explicit_bzero(signature->data(), signature->size());
  return assertion.take();
}

}  // namespace valetkey::oauth
