// SPDX-License-Identifier: Apache-2.0
// A refusal of an authorization server: always an error that says what to do, never its body.

#include "fuzz/fuzz_input.h"
#include "oauth/error_response.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned choice = input.byte();
  oauth::Profile profile;
  profile.name = "box";
  profile.type = (choice & 1U) != 0 ? oauth::ProviderType::box : oauth::ProviderType::oauth2;
  const auto operation = static_cast<oauth::Operation>((choice >> 1U) % 7);
  const int status = 300 + static_cast<int>(input.byte()) * 2;
  const auto response = fuzz::answer_in(input, status);

  const Error error = oauth::parse_error_response(response, profile, operation);

  fuzz::check_error(error);
  VALETKEY_ASSERT((error.code == Errc::redirected) == (status < 400));
  VALETKEY_ASSERT((error.code != Errc::malformed_response) || status < 500 || status > 599);
  const auto offset = oauth::clock_offset(response, error);
  VALETKEY_ASSERT(!offset || error.code == Errc::invalid_grant ||
                  error.code == Errc::invalid_client);
  return 0;
}
