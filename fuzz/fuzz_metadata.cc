// SPDX-License-Identifier: Apache-2.0
// Server metadata: what is accepted is the issuer's own and names safe endpoints alone.

#include "fuzz/fuzz_input.h"
#include "oauth/metadata.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string issuer(input.line());
  HttpResponse response;
  response.status = 200;
  response.body = Secret(input.rest());

  const auto metadata = oauth::parse_metadata(response, issuer);

  if (!metadata) return fuzz::check_error(metadata.error()), 0;
  VALETKEY_ASSERT(metadata->issuer == issuer && !metadata->token_endpoint.empty());
  for (const auto& url : {metadata->token_endpoint, metadata->revocation_endpoint,
                          metadata->introspection_endpoint}) {
    VALETKEY_ASSERT(url.empty() || url.size() <= 2048);
    VALETKEY_ASSERT(!url.contains('#') && !url.contains('\n') && !url.contains(' '));
  }
  oauth::Profile profile;
  oauth::apply_metadata(profile, *metadata, false);
  VALETKEY_ASSERT(profile.token_endpoint == metadata->token_endpoint);
  return 0;
}
