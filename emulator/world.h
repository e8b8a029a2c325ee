// SPDX-License-Identifier: Apache-2.0
#pragma once
// The enterprise that the emulator plays: its people, folders and files.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/time.h"

namespace valetkey::emulator {

inline constexpr std::size_t items_max = 100'000;
inline constexpr std::size_t users_max = 10'000;
inline constexpr std::size_t events_max = 1'000;
inline constexpr std::size_t stored_bytes_max = std::size_t{1024} * 1024 * 1024;
inline constexpr std::size_t name_bytes_max = 255;
inline constexpr std::string_view root_folder_id = "0";

enum class UserKind : std::uint8_t { managed, admin, service_account, app_user };

struct User {
  std::string id{};
  std::string name{};
  std::string login{};
  UserKind kind = UserKind::managed;
  bool disabled = false;  ///< its tokens get 401 for ever; new ones are still issued
  WallTime created_at{};
};

struct SharedLink {
  std::string url{};
  std::string access = "open";
  std::string password{};
};

struct Item {
  bool is_folder = false;
  std::string id{};
  std::string name{};
  std::string parent_id{};
  std::string description{};
  std::string owner_id{};
  std::uint64_t etag = 0;
  WallTime created_at{};
  WallTime modified_at{};
  std::optional<SharedLink> shared_link{};
  // Of a file.
  std::string version_id{};
  std::string sha1{};
  std::shared_ptr<const std::string> content{};  ///< shared with downloads on their way
};

struct Event {
  std::uint64_t position = 0;
  std::string id{};
  std::string type{};
  std::string user_id{};
  std::string item_id{};
  WallTime at{};
};

/// Everyone of the enterprise sees all of its content. Not thread-safe: lives on one thread.
class World {
 public:
  explicit World(std::uint64_t first_id);

  [[nodiscard]] const User* find_user(std::string_view id) const;
  [[nodiscard]] User* find_user(std::string_view id);
  [[nodiscard]] const User* find_user_by_login(std::string_view login) const;
  [[nodiscard]] const std::map<std::string, User, std::less<>>& users() const { return users_; }
  /// An empty id: a new one is given.
  User& add_user(User user);

  [[nodiscard]] const Item* find(std::string_view id) const;
  [[nodiscard]] Item* find(std::string_view id);
  [[nodiscard]] const Item* find_kind(bool is_folder, std::string_view id) const;
  [[nodiscard]] Item* find_kind(bool is_folder, std::string_view id);
  /// By the URL of its shared link.
  [[nodiscard]] const Item* find_shared(std::string_view url) const;
  [[nodiscard]] const Item* find_named(std::string_view parent_id, std::string_view name) const;
  /// Folders first, then by name, as Box sorts.
  [[nodiscard]] std::vector<const Item*> children_of(std::string_view folder_id) const;
  /// From the root down, without the item itself.
  [[nodiscard]] std::vector<const Item*> path_to(const Item& item) const;
  /// Whether `item` is `folder_id` or lies below it.
  [[nodiscard]] bool is_within(const Item& item, std::string_view folder_id) const;
  [[nodiscard]] std::uint64_t size_of(const Item& item) const;

  [[nodiscard]] bool has_room_for(std::size_t bytes) const;
  /// Empty ids are given. The parent must be there.
  Item& add_item(Item item);
  void set_content(Item& file, std::string bytes, WallTime now);
  void move(Item& item, const std::string& parent_id);
  void erase(const std::string& id);

  [[nodiscard]] std::string next_id();
  void record(std::string type, std::string user_id, std::string item_id, WallTime at);
  [[nodiscard]] const std::deque<Event>& events() const { return events_; }

 private:
  std::uint64_t next_id_;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, Item, std::less<>> items_;
  std::map<std::string, std::set<std::string>, std::less<>> children_;
  std::deque<Event> events_;
  std::uint64_t last_event_ = 0;
  std::size_t stored_bytes_ = 0;
};

}  // namespace valetkey::emulator
