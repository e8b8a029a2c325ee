// SPDX-License-Identifier: Apache-2.0
#include "oauth/token_request.h"

#include "base/limits.h"
#include "base/text.h"

namespace valetkey::oauth {
namespace {

constexpr std::string_view jwt_bearer_grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view id_token_type = "urn:ietf:params:oauth:token-type:id_token";
constexpr std::string_view jwt_token_type = "urn:ietf:params:oauth:token-type:jwt";

HttpRequest form_request(std::string_view endpoint) {
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.answer_bytes_max = base::token_response_bytes_max;
  return request;
}

void add_present(FormWriter& form, std::string_view name, std::string_view value) {
  if (!value.empty()) form.add(name, value);
}

/// What narrows a token, where the server takes it in the token request itself.
void add_restriction(FormWriter& form, const TokenRequest& request) {
  add_present(form, "scope", base::joined(request.scopes, " "));  // RFC 6749 §3.3
  add_present(form, "resource", request.resource);                // RFC 8707 §2
  add_present(form, "audience", request.audience);
}

void add_token(FormWriter& form, std::string_view name, const AccessToken& token) {
  token.reveal([&](std::string_view text) { form.add(name, text); });
}

/// RFC 7009 §2.1 and RFC 7662 §2.1 ask for the same fields.
HttpRequest question_about(std::string_view endpoint, const Profile& profile,
                           const AccessToken& token, const ClientProof& proof) {
  HttpRequest request = form_request(endpoint);
  FormWriter form;
  add_client_proof(form, request, profile, proof);
  add_token(form, "token", token);
  // Box's form has no token_type_hint.
  if (profile.type != ProviderType::box) form.add("token_type_hint", "access_token");
  request.body = form.take();
  return request;
}

}  // namespace

HttpRequest client_credentials_request(const Profile& profile, const TokenRequest& request,
                                       const ClientProof& proof) {
  HttpRequest made = form_request(profile.token_endpoint);
  FormWriter form;
  form.add("grant_type", "client_credentials");
  add_client_proof(form, made, profile, proof);
  if (profile.type == ProviderType::box) {
    const bool is_user = request.subject.type == SubjectType::user;
    form.add("box_subject_type", is_user ? "user" : "enterprise");
    form.add("box_subject_id", request.subject.id);
  } else {
    add_restriction(form, request);
  }
  made.body = form.take();
  return made;
}

HttpRequest jwt_bearer_request(const Profile& profile, const TokenRequest& request,
                               const Secret& assertion, const ClientProof& proof) {
  HttpRequest made = form_request(profile.token_endpoint);
  FormWriter form;
  form.add("grant_type", jwt_bearer_grant);
  add_client_proof(form, made, profile, proof);
  form.add("assertion", assertion);
  if (profile.type != ProviderType::box) add_restriction(form, request);
  made.body = form.take();
  return made;
}

HttpRequest refresh_request(const Profile& profile, const TokenRequest& request,
                            const Secret& refresh_token, const ClientProof& proof) {
  HttpRequest made = form_request(profile.token_endpoint);
  FormWriter form;
  form.add("grant_type", "refresh_token");
  add_client_proof(form, made, profile, proof);
  form.add("refresh_token", refresh_token);
  // RFC 6749 §6, RFC 8707 §2.2: the refresh token stays as wide as it was.
  if (profile.type != ProviderType::box) add_restriction(form, request);
  made.body = form.take();
  return made;
}

HttpRequest exchange_request(const Profile& profile, const TokenRequest& request,
                             const AccessToken& parent, const Secret* actor_token,
                             const ClientProof& proof) {
  const bool is_box = profile.type == ProviderType::box;
  HttpRequest made = form_request(profile.token_endpoint);
  FormWriter form;
  form.add("grant_type", exchange_grant);
  add_client_proof(form, made, profile, proof);
  add_token(form, "subject_token", parent);
  form.add("subject_token_type", access_token_type);
  if (!is_box) form.add("requested_token_type", access_token_type);
  add_restriction(form, request);
  add_present(form, "box_shared_link", request.shared_link);
  if (actor_token != nullptr) {
    form.add("actor_token", *actor_token);
    // RFC 8693 §2.1: required with actor_token. Box wants its annotators' called an id_token.
    form.add("actor_token_type", is_box ? id_token_type : jwt_token_type);
  }
  made.body = form.take();
  return made;
}

HttpRequest revocation_request(const Profile& profile, const AccessToken& token,
                               const ClientProof& proof) {
  return question_about(profile.revocation_endpoint, profile, token, proof);
}

HttpRequest introspection_request(const Profile& profile, const AccessToken& token,
                                  const ClientProof& proof) {
  return question_about(profile.introspection_endpoint, profile, token, proof);
}

HttpRequest metadata_request(std::string_view url) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  request.answer_bytes_max = base::metadata_bytes_max;
  return request;
}

}  // namespace valetkey::oauth
