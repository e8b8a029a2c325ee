// SPDX-License-Identifier: Apache-2.0
// A token answer: what is accepted lives within bounds, and what passes the check is no wider.

#include "crypto/digest.h"
#include "fuzz/fuzz_input.h"
#include "oauth/token_response.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned choice = input.byte();
  oauth::Profile profile;
  profile.type = (choice & 1U) != 0 ? oauth::ProviderType::box : oauth::ProviderType::oauth2;
  TokenRequest request;
  request.scopes = {"item_download", "item_preview"};
  if ((choice & 2U) != 0) request.resource = "https://api.box.com/2.0/files/1";
  TokenFields fields;
  fields.expires_at = Instant(std::chrono::hours(1001));
  const AccessToken parent(std::move(fields));
  const auto response = fuzz::answer_in(input, 200);

  auto answer = oauth::parse_token_response(response, profile, request,
                                            (choice & 4U) != 0 ? &parent : nullptr);
  if (!answer) return fuzz::check_error(answer.error()), 0;
  const auto& token = answer->token;
  VALETKEY_ASSERT(token.fingerprint == token.value.reveal(crypto::fingerprint_of));
  VALETKEY_ASSERT(!token.value.empty() && token.sent_at == response.requested_at);
  VALETKEY_ASSERT(!token.expires_at || *token.expires_at >= response.requested_at);
  VALETKEY_ASSERT(!token.parent || !token.expires_at || *token.expires_at <= *parent.expires_at());
  const auto checked = oauth::check_grant(*answer, profile, request);
  if (!checked) return fuzz::check_error(checked.error()), 0;
  for (const auto& scope : token.scopes) {
    VALETKEY_ASSERT(scope == request.scopes[0] || scope == request.scopes[1]);
  }
  return 0;
}
