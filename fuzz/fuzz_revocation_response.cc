// SPDX-License-Identifier: Apache-2.0
// An answer to a revocation: 2xx is done whatever the body, anything else is an error.

#include "fuzz/fuzz_input.h"
#include "oauth/revocation_response.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  oauth::Profile profile;
  profile.type = (input.byte() & 1U) != 0 ? oauth::ProviderType::box : oauth::ProviderType::oauth2;
  const int status = 200 + static_cast<int>(input.byte()) * 2;

  const auto revoked = oauth::parse_revocation_response(fuzz::answer_in(input, status), profile);

  VALETKEY_ASSERT(revoked.has_value() == (status < 300));
  if (!revoked) fuzz::check_error(revoked.error());
  return 0;
}
