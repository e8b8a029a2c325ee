// SPDX-License-Identifier: Apache-2.0
// Form bodies: what our writer writes, the emulator's reader reads.

#include <vector>

#include "emulator/wire.h"
#include "fuzz/fuzz_input.h"
#include "oauth/form.h"

using namespace valetkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::vector<std::pair<std::string, std::string>> fields;
  oauth::FormWriter writer;
  while (!input.at_end() && fields.size() < emulator::form_fields_max) {
    const std::string name(input.line());
    const Secret value(input.line());
    fields.emplace_back(name,
                        value.reveal([](std::string_view text) { return std::string(text); }));
    writer.add(name, value);
  }
  const Secret body = writer.take();

  body.reveal([&](std::string_view text) {
    const auto form = emulator::decode_form(text);
    VALETKEY_ASSERT(form && form->pairs() == fields);
    VALETKEY_ASSERT(text.find_first_of(" \r\n\"<>") == std::string_view::npos);
  });
  return 0;
}
