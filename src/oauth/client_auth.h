// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a client proves to the authorization server who it is.

#include "oauth/form.h"
#include "oauth/profile.h"
#include "valetkey/http.h"
#include "valetkey/secret.h"

namespace valetkey::oauth {

/// What proves it in one request. A proof that its method needs and that is absent is left out.
struct ClientProof {
  ClientAuthMethod method = ClientAuthMethod::none;
  const Secret* secret = nullptr;
  const Secret* assertion = nullptr;  ///< RFC 7523 §2.2 client_assertion
};

/// Adds the proof to a request that is being made: to its form, or to its Authorization header.
void add_client_proof(FormWriter& form, HttpRequest& request, const Profile& profile,
                      const ClientProof& proof);

}  // namespace valetkey::oauth
