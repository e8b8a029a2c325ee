// SPDX-License-Identifier: Apache-2.0
#include "emulator/seed.h"

#include <algorithm>
#include <array>

#include "crypto/random.h"
#include "emulator/seed_parts.h"

namespace valetkey::emulator {
namespace {

std::uint64_t drawn_number(std::uint64_t from) {
  std::array<std::byte, 4> drawn{};
  crypto::random_bytes(drawn);
  std::uint64_t number = 0;
  for (const auto octet : drawn)
    number = number * 256 + std::to_integer<std::uint64_t>(octet);
  return from + number % 100'000'000;
}

std::string lower_alphanumerics(std::size_t length) {
  auto text = crypto::random_alphanumerics(length);
  for (auto& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

}  // namespace

Seed make_bare_seed() {
  Seed seed;
  seed.enterprise_id = std::to_string(drawn_number(800'000'000));
  seed.enterprise_name = "Emulated Enterprise";
  seed.client_id = lower_alphanumerics(32);
  seed.key_id = lower_alphanumerics(8);
  // Any port of a loopback address will do: see authorize.cc.
  seed.redirect_uris = {"http://127.0.0.1:8080/callback"};
  seed.first_id = drawn_number(1'200'000'000'000);
  return seed;
}

std::string next_seed_id(Seed& seed) {
  seed.first_id += 17;
  return std::to_string(seed.first_id);
}

void add_service_account(Seed& seed) {
  User account;
  account.id = next_seed_id(seed);
  account.name = "valetkey emulator";
  account.login = "AutomationUser_" + std::to_string(drawn_number(1'000'000)) + "_" +
                  crypto::random_alphanumerics(10) + "@boxdevedition.com";
  account.kind = UserKind::service_account;
  seed.users.insert(seed.users.begin(), std::move(account));
}

void add_default_users(Seed& seed) {
  struct Person {
    std::string_view name;
    std::string_view login;
    UserKind kind;
  };
  constexpr std::array<Person, 4> people = {{
      {"Ada Admin", "ada@enterprise.example", UserKind::admin},
      {"Ben User", "ben@enterprise.example", UserKind::managed},
      {"Cleo User", "cleo@enterprise.example", UserKind::managed},
      {"Dan User", "dan@enterprise.example", UserKind::managed},
  }};
  for (const auto& person : people) {
    User user;
    user.id = next_seed_id(seed);
    user.name = person.name;
    user.login = person.login;
    user.kind = person.kind;
    seed.users.push_back(std::move(user));
  }
}

namespace {

std::string add_seed_item(Seed& seed, bool is_folder, std::string name,
                          const std::string& parent_id, std::string content) {
  SeedItem item;
  item.is_folder = is_folder;
  item.id = next_seed_id(seed);
  item.name = std::move(name);
  item.parent_id = parent_id;
  item.content = std::move(content);
  seed.items.push_back(item);
  return item.id;
}

}  // namespace

void add_default_tree(Seed& seed) {
  const std::string root(root_folder_id);
  add_seed_item(seed, false, "welcome.txt", root, "Welcome to the emulated enterprise.\n");
  add_seed_item(seed, false, "figures.csv", root, "month,value\n2026-01,40\n2026-02,42\n");
  add_seed_item(seed, false, "notes.md", root, "# Notes\n\nNothing here is real.\n");
  const auto projects = add_seed_item(seed, true, "Projects", root, {});
  add_seed_item(seed, false, "plan.txt", projects, "1. Ask for a token.\n2. Narrow it.\n");
  add_seed_item(seed, false, "budget.csv", projects, "item,cost\ntokens,0\n");
  add_seed_item(seed, false, "letter.txt", projects, "Dear reader,\nall is well.\n");
  const auto archive = add_seed_item(seed, true, "Archive", projects, {});
  add_seed_item(seed, false, "old-plan.txt", archive, "1. Keep the token in a file.\n");
}

Seed make_default_seed() {
  auto seed = make_bare_seed();
  add_service_account(seed);
  add_default_users(seed);
  add_default_tree(seed);
  return seed;
}

World make_world(const Seed& seed, WallTime now) {
  World world(seed.first_id);
  for (auto user : seed.users) {
    user.created_at = now;
    world.add_user(std::move(user));
  }
  const auto& admin = seed.users.at(1);
  for (const auto& planted : seed.items) {
    Item item;
    item.is_folder = planted.is_folder;
    item.id = planted.id;
    item.name = planted.name;
    item.parent_id = planted.parent_id;
    item.owner_id = admin.id;
    item.created_at = now;
    item.modified_at = now;
    auto& added = world.add_item(std::move(item));
    if (!added.is_folder) world.set_content(added, planted.content, now);
  }
  return world;
}

Facts facts_of(const Seed& seed) {
  Facts facts;
  facts.client_id = seed.client_id;
  facts.enterprise_id = seed.enterprise_id;
  facts.key_id = seed.key_id;
  facts.redirect_uri = seed.redirect_uris.front();
  for (const auto& user : seed.users) {
    if (user.kind == UserKind::service_account) {
      facts.service_account_id = user.id;
    } else if (user.kind == UserKind::admin && facts.admin_id.empty()) {
      facts.admin_id = user.id;
    } else {
      facts.user_ids.push_back(user.id);
    }
  }
  const auto files_of = [&](std::string_view folder_id) {
    std::vector<std::string> ids;
    for (const auto& item : seed.items) {
      if (!item.is_folder && item.parent_id == folder_id) ids.push_back(item.id);
    }
    return ids;
  };
  facts.root_file_ids = files_of(root_folder_id);
  for (const auto& item : seed.items) {
    if (!item.is_folder || !facts.folder_id.empty()) continue;
    facts.folder_file_ids = files_of(item.id);
    if (!facts.folder_file_ids.empty()) facts.folder_id = item.id;
  }
  return facts;
}

}  // namespace valetkey::emulator
