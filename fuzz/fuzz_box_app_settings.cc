// SPDX-License-Identifier: Apache-2.0
// Box's app-settings file: what is accepted is whole, what is refused is named and not shown.

#include "fuzz/fuzz_input.h"
#include "oauth/box_app_settings.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  const Secret text(input.rest());

  const auto settings = oauth::parse_box_app_settings(text);

  if (!settings) {
    VALETKEY_ASSERT(settings.error().code == Errc::misconfigured);
    return fuzz::check_error(settings.error()), 0;
  }
  VALETKEY_ASSERT(!settings->client_id.empty() && !settings->key_id.empty());
  VALETKEY_ASSERT(!settings->client_secret.empty() && !settings->private_key.empty());
  return 0;
}
