// SPDX-License-Identifier: Apache-2.0
#include "oauth/client_auth.h"

namespace valetkey::oauth {
namespace {

constexpr std::string_view jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 4648 §4. The floor below encodes into ordinary strings, which are not wiped.
void append_base64(SecretBuilder& to, std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (!bytes.empty()) {
    const auto chunk = bytes.substr(0, 3);
    unsigned bits = 0;
    for (std::size_t at = 0; at < 3; ++at) {
      bits <<= 8U;
      if (at < chunk.size()) bits |= static_cast<unsigned char>(chunk[at]);
    }
    for (std::size_t at = 0; at < 4; ++at) {
      to.append(at <= chunk.size() ? alphabet[(bits >> (18U - 6U * at)) & 63U] : '=');
    }
    bytes.remove_prefix(chunk.size());
  }
}

Secret basic_authorization(std::string_view client_id, const Secret& secret) {
  // RFC 6749 §2.3.1: id and secret are form-encoded before they are joined by the colon.
  SecretBuilder pair;
  append_form_encoded(pair, client_id);
  pair.append(':');
  secret.reveal([&](std::string_view text) { append_form_encoded(pair, text); });
  const Secret joined = pair.take();

  SecretBuilder header;
  header.append("Basic ");
  joined.reveal([&](std::string_view text) { append_base64(header, text); });
  return header.take();
}

}  // namespace

void add_client_proof(FormWriter& form, HttpRequest& request, const Profile& profile,
                      const ClientProof& proof) {
  if (proof.method == ClientAuthMethod::client_secret_basic && proof.secret != nullptr) {
    request.authorization = basic_authorization(profile.client_id, *proof.secret);
    return;  // RFC 6749 §2.3: no more than one method in a request
  }
  // RFC 6749 §3.2.1: a client that does not authenticate still names itself.
  if (!profile.client_id.empty()) form.add("client_id", profile.client_id);
  if (proof.method == ClientAuthMethod::client_secret_post && proof.secret != nullptr) {
    form.add("client_secret", *proof.secret);
  }
  if (proof.method == ClientAuthMethod::private_key_jwt && proof.assertion != nullptr) {
    form.add("client_assertion_type", jwt_bearer).add("client_assertion", *proof.assertion);
  }
}

}  // namespace valetkey::oauth
