// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the world holds at its beginning, and after each reset.

#include <string>
#include <string_view>
#include <vector>

#include "emulator/emulator.h"
#include "emulator/world.h"
#include "valetkey/error.h"

namespace valetkey::emulator {

inline constexpr std::size_t seed_bytes_max = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t folder_depth_max = 50;

struct SeedItem {
  bool is_folder = false;
  std::string id{};
  std::string name{};
  std::string parent_id{};  ///< a folder that comes before this one, or the root
  std::string content{};
};

struct Seed {
  std::string enterprise_id{};
  std::string enterprise_name{};
  std::string client_id{};
  std::string key_id{};
  std::vector<std::string> redirect_uris{};
  std::vector<User> users{};  ///< the service account, the admin, then the others
  std::vector<SeedItem> items{};
  std::uint64_t first_id = 0;  ///< ids given later are larger
};

/// One enterprise, an admin and three users, three files in the root and a folder of files.
[[nodiscard]] Seed make_default_seed();

/// A JSON object, every member optional:
///   {"enterprise": {"id", "name"}, "client_id", "redirect_uris": [...],
///    "users": [{"id", "name", "login", "role": "admin"|"user"}],
///    "tree": [{"file": NAME, "id", "content"} | {"folder": NAME, "id", "children": [...]}]}
/// What is absent is made up. Errors: misconfigured, naming the member.
[[nodiscard]] Result<Seed> parse_seed(std::string_view text);
/// Errors: misconfigured. Blocks: disk.
[[nodiscard]] Result<Seed> load_seed(const std::string& path);

[[nodiscard]] World make_world(const Seed& seed, WallTime now);
/// Everything but the base URL.
[[nodiscard]] Facts facts_of(const Seed& seed);

}  // namespace valetkey::emulator
