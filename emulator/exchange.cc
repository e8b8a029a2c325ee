// SPDX-License-Identifier: Apache-2.0
// Narrows a token: RFC 8693 as Box speaks it.
#include <algorithm>

#include "emulator/grants.h"
#include "emulator/item_json.h"
#include "emulator/jwt.h"
#include "emulator/replies.h"
#include "emulator/scopes.h"
#include "emulator/token_request.h"

namespace valetkey::emulator {
namespace {

constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view id_token_type = "urn:ietf:params:oauth:token-type:id_token";

Reply wrong_resource() {
  return oauth_error("invalid_resource", "The target resource is invalid.");
}

/// The item that the new token is to be good for; nullptr when the form names none.
std::optional<Reply> find_target(const State& state, const Form& form, const Item*& target) {
  const auto resource = form.find("resource");
  const auto link = form.find("box_shared_link");
  if (resource && link) {
    return oauth_error("invalid_request", "resource and box_shared_link exclude one another");
  }
  if (resource) {
    const auto name = parse_resource(*resource, state.base_url);
    if (!name) return wrong_resource();
    target = state.world.find_kind(name->is_folder, name->id);
    if (target == nullptr) return wrong_resource();
  }
  if (link) {
    target = state.world.find_shared(*link);
    if (target == nullptr || !target->shared_link->password.empty()) return wrong_resource();
  }
  return std::nullopt;
}

std::optional<Reply> check_scopes(const Holding& held, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return oauth_error("invalid_request", "No \"scope\" parameter found");
  for (const auto& scope : wanted) {
    // What Box answers is not known; RFC 6749 §5.2 has a code for it.
    if (!is_known_scope(scope)) {
      return oauth_error("invalid_scope", "A requested scope is unknown");
    }
  }
  for (const auto& scope : wanted) {
    // Box documents the status and not the body.
    if (!may_narrow_to(held.scopes, scope)) {
      return oauth_error(401, "invalid_scope", "The subject token does not hold a requested scope");
    }
  }
  return std::nullopt;
}

std::optional<Reply> check_actor(const Form& form) {
  const auto actor = form.find("actor_token");
  if (!actor) return std::nullopt;
  if (form.find("actor_token_type") != id_token_type || !is_actor_token(*actor)) {
    return oauth_error("invalid_request", "The actor token is invalid");
  }
  return std::nullopt;
}

Reply say(const State& state, const Issued& issued, const Holding& holding) {
  json::array restricted_to;
  if (const auto* const item = state.world.find(holding.item_id)) {
    for (const auto& scope : holding.scopes) {
      restricted_to.push_back(json::object{{"scope", scope}, {"object", item_mini(*item)}});
    }
  }
  auto reply = json_reply(200, json::object{{"access_token", issued.access_token},
                                            {"expires_in", issued.expires_in.count()},
                                            {"token_type", "bearer"},
                                            {"restricted_to", std::move(restricted_to)},
                                            {"issued_token_type", access_token_type}});
  reply.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  return reply;
}

}  // namespace

Reply answer_exchange(State& state, const Form& form) {
  // Most clients send no credentials here: the subject token says whose it is.
  if ((form.find("client_id") || form.find("client_secret")) && !is_our_client(state, form)) {
    return oauth_error("invalid_client", "The client credentials are invalid");
  }
  const auto subject_token = form.find("subject_token");
  if (!subject_token) {
    return oauth_error("invalid_request", "No \"subject_token\" parameter found");
  }
  if (form.find("subject_token_type") != access_token_type) {
    return oauth_error("invalid_request", "The subject_token_type is invalid");
  }
  const auto* const subject = state.tokens.find_live(*subject_token, state.clock.now());
  // The text must not hold "exp" or "jti": clients take those for a clock that is wrong.
  if (subject == nullptr) return oauth_error("invalid_grant", "The subject token is invalid");

  auto holding = subject->holding;
  const auto wanted = parse_scopes(form.find("scope").value_or(""));
  const Item* target = nullptr;
  if (auto refusal = check_scopes(holding, wanted)) return *refusal;
  if (auto refusal = find_target(state, form, target)) return *refusal;
  if (auto refusal = check_actor(form)) return *refusal;
  if (target != nullptr) {
    // A narrowed token can only be narrowed further.
    if (!holding.item_id.empty() && !state.world.is_within(*target, holding.item_id)) {
      return wrong_resource();
    }
    holding.item_id = target->id;
  }
  holding.scopes = wanted;
  holding.downscoped = true;
  state.tokens.note_use(*subject_token);
  const auto issued =
      state.tokens.issue(holding, Shape::long_opaque, state.clock.now(), key_of(*subject_token));
  return say(state, issued, holding);
}

}  // namespace valetkey::emulator
