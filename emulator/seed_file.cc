// SPDX-License-Identifier: Apache-2.0
// Reads the file of --seed.
#include <algorithm>
#include <fstream>
#include <set>

#include <boost/json.hpp>

#include "base/text.h"
#include "emulator/seed.h"
#include "emulator/seed_parts.h"

namespace valetkey::emulator {
namespace {

namespace json = boost::json;

Failure wrong(const std::string& what) {
  return fail(Errc::misconfigured, "the seed file: " + what,
              "its form is described in emulator/seed.h and in the manual of `valetkey emulate`");
}

/// Reads members of an object and remembers the first mistake.
class Reader {
 public:
  explicit Reader(Seed& seed) : seed_(&seed) {}

  [[nodiscard]] const std::string& mistake() const { return mistake_; }
  void note(std::string mistake) {
    if (mistake_.empty()) mistake_ = std::move(mistake);
  }

  std::string text(const json::object& from, std::string_view name) {
    const auto* const value = from.if_contains(name);
    if (value == nullptr) return {};
    if (value->is_string()) return std::string(value->get_string());
    note("\"" + std::string(name) + "\" must be a string");
    return {};
  }

  /// A decimal string that nothing else bears; made up when absent.
  std::string id(const json::object& from) {
    auto given = text(from, "id");
    if (given.empty()) return next_seed_id(*seed_);
    if (!base::all_digits(given) || given.size() > 15 || given == root_folder_id) {
      note("\"id\" must be a decimal string of at most 15 digits, and not \"0\"");
    }
    if (!ids_.insert(given).second) note("two things have the id " + base::printable(given, 20));
    if (const auto number = base::parse_number<std::uint64_t>(given)) {
      seed_->first_id = std::max(seed_->first_id, *number);
    }
    return given;
  }

  void known_only(const json::object& from, std::initializer_list<std::string_view> names) {
    for (const auto& member : from) {
      const std::string_view key = member.key();
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        note("unknown member \"" + base::printable(key, 40) + "\"");
      }
    }
  }

  void users(const json::array& list) {
    for (const auto& value : list) {
      if (!value.is_object()) return note("each of \"users\" must be an object");
      const auto& from = value.get_object();
      known_only(from, {"id", "name", "login", "role"});
      User user;
      user.id = id(from);
      user.name = text(from, "name");
      user.login = text(from, "login");
      const auto role = text(from, "role");
      if (!role.empty() && role != "admin" && role != "user") {
        note("\"role\" must be \"admin\" or \"user\"");
      }
      user.kind = role == "admin" ? UserKind::admin : UserKind::managed;
      if (user.name.empty()) user.name = "User " + user.id;
      if (user.login.empty()) user.login = "user" + user.id + "@enterprise.example";
      seed_->users.push_back(std::move(user));
    }
  }

  void tree(const json::array& list, const std::string& parent_id, std::size_t depth) {
    if (depth > folder_depth_max) return note("\"tree\" is too deep");
    std::set<std::string> names;
    for (const auto& value : list) {
      if (!value.is_object()) return note("each of \"tree\" must be an object");
      const auto& from = value.get_object();
      known_only(from, {"file", "folder", "id", "content", "children"});
      SeedItem item;
      item.is_folder = from.contains("folder");
      item.id = id(from);
      item.name = text(from, item.is_folder ? "folder" : "file");
      item.parent_id = parent_id;
      item.content = text(from, "content");
      if (item.name.empty() || item.name.size() > name_bytes_max) {
        note("each of \"tree\" needs a name in \"file\" or \"folder\"");
      }
      if (!names.insert(item.name).second) {
        note("two items of one folder are named " + base::printable(item.name, 40));
      }
      const auto folder_id = item.id;
      seed_->items.push_back(std::move(item));
      if (const auto* const children = from.if_contains("children")) {
        if (!children->is_array()) return note("\"children\" must be a list");
        tree(children->get_array(), folder_id, depth + 1);
      }
    }
  }

 private:
  Seed* seed_;
  std::set<std::string> ids_;
  std::string mistake_;
};

}  // namespace

Result<Seed> parse_seed(std::string_view text) {
  json::error_code error;
  const auto value = json::parse(text, error);
  if (error) return wrong("it is not JSON");
  if (!value.is_object()) return wrong("it must be a JSON object");
  const auto& root = value.get_object();

  auto seed = make_bare_seed();
  Reader reader(seed);
  reader.known_only(root, {"enterprise", "client_id", "redirect_uris", "users", "tree"});
  if (const auto* const enterprise = root.if_contains("enterprise")) {
    if (!enterprise->is_object()) return wrong("\"enterprise\" must be an object");
    const auto id = reader.text(enterprise->get_object(), "id");
    const auto name = reader.text(enterprise->get_object(), "name");
    if (!id.empty()) seed.enterprise_id = id;
    if (!name.empty()) seed.enterprise_name = name;
  }
  if (auto id = reader.text(root, "client_id"); !id.empty()) seed.client_id = std::move(id);
  if (const auto* const uris = root.if_contains("redirect_uris")) {
    if (!uris->is_array()) return wrong("\"redirect_uris\" must be a list");
    seed.redirect_uris.clear();
    for (const auto& uri : uris->get_array()) {
      if (!uri.is_string()) return wrong("each of \"redirect_uris\" must be a string");
      seed.redirect_uris.emplace_back(uri.get_string());
    }
    if (seed.redirect_uris.empty()) return wrong("\"redirect_uris\" is empty");
  }
  if (const auto* const users = root.if_contains("users")) {
    if (!users->is_array()) return wrong("\"users\" must be a list");
    reader.users(users->get_array());
  } else {
    add_default_users(seed);
  }
  if (const auto* const tree = root.if_contains("tree")) {
    if (!tree->is_array()) return wrong("\"tree\" must be a list");
    reader.tree(tree->get_array(), std::string(root_folder_id), 1);
  } else {
    add_default_tree(seed);
  }
  if (!reader.mistake().empty()) return wrong(reader.mistake());

  // The admin comes first; without one, the first user is promoted.
  if (seed.users.empty()) return wrong("\"users\" is empty");
  std::stable_sort(seed.users.begin(), seed.users.end(), [](const User& left, const User& right) {
    return left.kind == UserKind::admin && right.kind != UserKind::admin;
  });
  seed.users.front().kind = UserKind::admin;
  add_service_account(seed);
  return seed;
}

Result<Seed> load_seed(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(Errc::misconfigured, "the seed file cannot be read: " + base::printable(path),
                "check the path and the file's mode");
  }
  std::string text(seed_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > seed_bytes_max) return wrong("it is larger than 16 MiB");
  return parse_seed(text);
}

}  // namespace valetkey::emulator
