// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over every file of its corpus; fails when there is none.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
  std::size_t replayed = 0;
  for (int at = 1; at < count; ++at) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[at])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string seed{std::istreambuf_iterator<char>(file), {}};
      // Cut at every length: what a server may send of an answer before it dies.
      for (std::size_t size = 0; size <= seed.size(); size += size < 512 ? 1 : 97) {
        const auto* const bytes = static_cast<const void*>(seed.data());
        LLVMFuzzerTestOneInput(static_cast<const std::uint8_t*>(bytes), size);
      }
      const auto* const bytes = static_cast<const void*>(seed.data());
      LLVMFuzzerTestOneInput(static_cast<const std::uint8_t*>(bytes), seed.size());
      ++replayed;
    }
  }
  std::printf("%zu seeds replayed\n", replayed);
  return replayed == 0 ? 1 : 0;
}
