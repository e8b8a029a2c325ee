// SPDX-License-Identifier: Apache-2.0
#include "emulator/grants.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "emulator/jwt.h"
#include "emulator/replies.h"
#include "emulator/scopes.h"

namespace valetkey::emulator {
namespace {

Reply wrong_client() {
  return oauth_error("invalid_client", "The client credentials are invalid");
}

Reply missing(std::string_view parameter) {
  return oauth_error("invalid_request", "No \"" + std::string(parameter) + "\" parameter found");
}

Reply no_room() {
  return oauth_error(503, "temporarily_unavailable", "The emulator holds too many tokens");
}

// Box's own shape and order of members.
Reply say(const Issued& issued) {
  json::object value = {{"access_token", issued.access_token},
                        {"expires_in", issued.expires_in.count()},
                        {"restricted_to", json::array{}}};
  if (!issued.refresh_token.empty()) value["refresh_token"] = issued.refresh_token;
  value["token_type"] = "bearer";
  auto reply = json_reply(200, value);
  reply.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  return reply;
}

// RFC 7636 §4.6.
bool proves(std::string_view verifier, std::string_view challenge) {
  const auto digest = crypto::sha256(verifier);
  std::string bytes;
  for (const auto octet : digest)
    bytes += static_cast<char>(octet);
  return crypto::equal_in_constant_time(crypto::encode_base64url(bytes), challenge);
}

Reply answer_code(State& state, const Form& form) {
  if (!is_our_client(state, form)) return wrong_client();
  const auto value = form.find("code");
  if (!value) return missing("code");
  const auto unknown = [] {
    return oauth_error("invalid_grant", "Auth code doesn't exist or is invalid for the client");
  };
  const auto code = state.tokens.take_code(*value);
  if (!code) return unknown();
  if (code->expires_at <= state.clock.now()) {
    return oauth_error("invalid_grant", "The authorization code has expired");
  }
  // RFC 6749 §4.1.3: when it is said again, it must be the same.
  const auto redirect_uri = form.find("redirect_uri");
  if (redirect_uri && *redirect_uri != code->redirect_uri) return unknown();
  if (!code->code_challenge.empty() &&
      !proves(form.find("code_verifier").value_or(""), code->code_challenge)) {
    return unknown();
  }
  return say(state.tokens.issue_pair(code->holding, state.clock.now()));
}

Reply answer_refresh(State& state, const Form& form) {
  if (!is_our_client(state, form)) return wrong_client();
  const auto value = form.find("refresh_token");
  if (!value) return missing("refresh_token");
  auto why = RefreshFailure::unknown;
  const auto issued = state.tokens.refresh(*value, state.clock.now(), why);
  if (issued) return say(*issued);
  return oauth_error("invalid_grant", why == RefreshFailure::expired ? "Refresh token has expired"
                                                                     : "Invalid refresh token");
}

Reply answer_client_credentials(State& state, const Form& form) {
  // Box does not tell a wrong secret from a subject that is not allowed.
  const auto refused = [] { return oauth_error("invalid_grant", "Grant credentials are invalid"); };
  if (!is_our_client(state, form)) return refused();
  const auto type = form.find("box_subject_type");
  const auto id = form.find("box_subject_id");
  if (!type) return missing("box_subject_type");
  if (!id) return missing("box_subject_id");
  const bool is_enterprise = *type == "enterprise";
  if (!is_enterprise && *type != "user") {
    return oauth_error("unauthorized_client",
                       "The \"box_subject_type\" value is unauthorized for this client_id");
  }
  if (is_enterprise && *id != state.seed.enterprise_id) return refused();
  if (!is_enterprise && state.world.find_user(*id) == nullptr) return refused();
  return say(state.tokens.issue(full_holding(state, is_enterprise, *id), Shape::long_opaque,
                                state.clock.now()));
}

Reply answer_assertion(State& state, const Form& form) {
  if (!is_our_client(state, form)) return wrong_client();
  const auto assertion = form.find("assertion");
  if (!assertion) return missing("assertion");
  Reply refusal;
  const auto subject = verify_assertion(state, *assertion, refusal);
  if (!subject) return refusal;
  return say(state.tokens.issue(full_holding(state, subject->is_enterprise, subject->id),
                                Shape::long_opaque, state.clock.now()));
}

/// The form of a POST. Nothing: `refusal` says why.
std::optional<Form> read_form(const Request& request, Reply& refusal) {
  const auto type = find_field(request.fields, "content-type").value_or("");
  constexpr std::string_view wanted = "application/x-www-form-urlencoded";
  // Only the beginning counts: some clients write malformed parameters behind it.
  if (!base::equal_ignoring_case(type.substr(0, wanted.size()), wanted)) {
    refusal = oauth_error("invalid_request", "The content type must be " + std::string(wanted));
    return std::nullopt;
  }
  auto form = decode_form(request.body);
  if (!form) {
    refusal = oauth_error("invalid_request", "The request has too many parameters");
    return std::nullopt;
  }
  // RFC 6749 §3.2: parameters MUST NOT be included more than once.
  if (form->repeated()) {
    refusal = oauth_error("invalid_request", "A parameter is repeated");
    return std::nullopt;
  }
  return form;
}

}  // namespace

bool is_our_client(const State& state, const Form& form) {
  const auto id = form.find("client_id");
  const auto secret = form.find("client_secret");
  if (!id || !secret || *id != state.seed.client_id) return false;
  return state.client_secret.reveal(
      [&](std::string_view ours) { return crypto::equal_in_constant_time(ours, *secret); });
}

Holding full_holding(const State& state, bool is_enterprise, std::string_view id) {
  Holding holding;
  holding.user_id = is_enterprise ? service_account(state).id : std::string(id);
  holding.subject = (is_enterprise ? "enterprise:" : "user:") + std::string(id);
  holding.scopes = app_scopes();
  return holding;
}

Reply answer_token(State& state, const Request& request) {
  if (request.method != "POST") {
    return oauth_error(405, "invalid_request", "The token endpoint takes POST");
  }
  Reply refusal;
  const auto form = read_form(request, refusal);
  if (!form) return refusal;
  if (!state.tokens.has_room(state.clock.now())) return no_room();
  const auto grant = form->find("grant_type").value_or("");
  if (grant == "authorization_code") return answer_code(state, *form);
  if (grant == "refresh_token") return answer_refresh(state, *form);
  if (grant == "client_credentials") return answer_client_credentials(state, *form);
  if (grant == "urn:ietf:params:oauth:grant-type:jwt-bearer") return answer_assertion(state, *form);
  if (grant == "urn:ietf:params:oauth:grant-type:token-exchange") {
    return answer_exchange(state, *form);
  }
  return oauth_error("invalid_request", "Invalid grant_type parameter or parameter missing");
}

Reply answer_revoke(State& state, const Request& request) {
  const auto refused = [&](Reply reply) {
    state.ledger.revocations.count("refused");
    return reply;
  };
  if (request.method != "POST") {
    return refused(oauth_error(405, "invalid_request", "The revocation endpoint takes POST"));
  }
  Reply refusal;
  const auto form = read_form(request, refusal);
  if (!form) return refused(std::move(refusal));
  if (!form->find("client_id")) {
    return refused(oauth_error("invalid_request", "The client is invalid"));
  }
  if (!is_our_client(state, *form)) return refused(wrong_client());
  const auto token = form->find("token");
  if (!token) return refused(missing("token"));
  switch (state.tokens.revoke(*token)) {
    case TokenStore::Revoked::access_token:
      state.ledger.revocations.count("access_token");
      break;
    case TokenStore::Revoked::refresh_token:
      state.ledger.revocations.count("refresh_token");
      break;
    case TokenStore::Revoked::unknown:
      state.ledger.revocations.count("unknown");
      break;
  }
  return empty_reply(200);  // RFC 7009 §2.2: of an unknown token too
}

}  // namespace valetkey::emulator
