// SPDX-License-Identifier: Apache-2.0
// A token request by its rules: normalising twice changes nothing, and order makes no other key.

#include "fuzz/fuzz_input.h"
#include "oauth/request_rules.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned choice = input.byte();
  oauth::Profile profile;
  profile.enterprise_id = "42";
  if ((choice & 1U) != 0)
    oauth::apply_box_defaults(profile, "http://127.0.0.1:9", "");
  else
    profile.type = oauth::ProviderType::oauth2;
  if ((choice & 2U) != 0) profile.grant = oauth::Grant::jwt;
  TokenRequest request;
  request.subject.type = static_cast<SubjectType>((choice >> 2U) & 3U);
  for (auto* const text : {&request.subject.id, &request.resource, &request.shared_link,
                           &request.audience, &request.actor.id, &request.actor.name}) {
    *text = input.line();
  }
  while (!input.at_end())
    request.scopes.emplace_back(input.line());

  const auto once = oauth::normalised(profile, request);
  if (!once) return fuzz::check_error(once.error()), 0;
  const auto twice = oauth::normalised(profile, *once);
  VALETKEY_ASSERT(twice && *twice == *once);
  std::reverse(request.scopes.begin(), request.scopes.end());
  const auto reversed = oauth::normalised(profile, request);
  VALETKEY_ASSERT(reversed &&
                  oauth::cache_key(profile, *reversed) == oauth::cache_key(profile, *once));
  return 0;
}
