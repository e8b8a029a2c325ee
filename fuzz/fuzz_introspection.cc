// SPDX-License-Identifier: Apache-2.0
// An answer to an introspection: of a token that is not active nothing more is told.

#include "fuzz/fuzz_input.h"
#include "oauth/introspection_response.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto response = fuzz::answer_in(input, 200);

  const auto seen = oauth::parse_introspection_response(response, {});

  if (!seen) return fuzz::check_error(seen.error()), 0;
  const bool silent = seen->scopes.empty() && seen->client_id.empty() && seen->subject.empty();
  VALETKEY_ASSERT(seen->active || (silent && !seen->expires_at));
  for (const auto& scope : seen->scopes)
    VALETKEY_ASSERT(!scope.empty() && !scope.contains(' '));
  return 0;
}
