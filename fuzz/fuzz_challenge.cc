// SPDX-License-Identifier: Apache-2.0
// A WWW-Authenticate header: challenges written down and read again are the same.

#include "fuzz/fuzz_input.h"
#include "oauth/challenge.h"

using namespace valetkey;

namespace {

void append_parameter(std::string& header, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  header += (header.ends_with(' ') ? "" : ", ") + std::string(name) + "=\"";
  for (const char letter : value)
    header += {'\\', letter};
  header += '"';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, std::min<std::size_t>(size, 8192));
  const auto challenges = oauth::parse_challenges(input.rest());

  std::string header;
  for (const auto& challenge : challenges) {
    header += (header.empty() ? "" : ", ") + challenge.scheme + " ";
    append_parameter(header, "realm", challenge.realm);
    append_parameter(header, "error", challenge.error);
    append_parameter(header, "error_description", challenge.error_description);
    append_parameter(header, "scope", challenge.scope);
  }

  VALETKEY_ASSERT(oauth::parse_challenges(header) == challenges);
  return 0;
}
