// SPDX-License-Identifier: Apache-2.0
#include "emulator/world.h"

#include <algorithm>
#include <tuple>

#include "crypto/digest.h"
#include "crypto/random.h"

namespace valetkey::emulator {

World::World(std::uint64_t first_id) : next_id_(first_id) {
  Item root;
  root.is_folder = true;
  root.id = root_folder_id;
  root.name = "All Files";
  items_.emplace(root.id, std::move(root));
}

const User* World::find_user(std::string_view id) const {
  const auto at = users_.find(id);
  return at == users_.end() ? nullptr : &at->second;
}

User* World::find_user(std::string_view id) {
  const auto at = users_.find(id);
  return at == users_.end() ? nullptr : &at->second;
}

const User* World::find_user_by_login(std::string_view login) const {
  for (const auto& [id, user] : users_) {
    if (user.login == login) return &user;
  }
  return nullptr;
}

User& World::add_user(User user) {
  if (user.id.empty()) user.id = next_id();
  auto id = user.id;
  return users_.insert_or_assign(std::move(id), std::move(user)).first->second;
}

const Item* World::find(std::string_view id) const {
  const auto at = items_.find(id);
  return at == items_.end() ? nullptr : &at->second;
}

Item* World::find(std::string_view id) {
  const auto at = items_.find(id);
  return at == items_.end() ? nullptr : &at->second;
}

const Item* World::find_kind(bool is_folder, std::string_view id) const {
  const auto* const item = find(id);
  return item != nullptr && item->is_folder == is_folder ? item : nullptr;
}

Item* World::find_kind(bool is_folder, std::string_view id) {
  auto* const item = find(id);
  return item != nullptr && item->is_folder == is_folder ? item : nullptr;
}

const Item* World::find_shared(std::string_view url) const {
  for (const auto& [id, item] : items_) {
    if (item.shared_link && item.shared_link->url == url) return &item;
  }
  return nullptr;
}

const Item* World::find_named(std::string_view parent_id, std::string_view name) const {
  const auto at = children_.find(parent_id);
  if (at == children_.end()) return nullptr;
  for (const auto& id : at->second) {
    const auto* const item = find(id);
    if (item != nullptr && item->name == name) return item;
  }
  return nullptr;
}

std::vector<const Item*> World::children_of(std::string_view folder_id) const {
  std::vector<const Item*> children;
  const auto at = children_.find(folder_id);
  if (at == children_.end()) return children;
  for (const auto& id : at->second)
    children.push_back(find(id));
  std::sort(children.begin(), children.end(), [](const Item* left, const Item* right) {
    return std::tuple(!left->is_folder, left->name, left->id) <
           std::tuple(!right->is_folder, right->name, right->id);
  });
  return children;
}

std::vector<const Item*> World::path_to(const Item& item) const {
  std::vector<const Item*> path;
  for (const auto* at = find(item.parent_id); at != nullptr; at = find(at->parent_id)) {
    path.push_back(at);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool World::is_within(const Item& item, std::string_view folder_id) const {
  for (const auto* at = &item; at != nullptr; at = find(at->parent_id)) {
    if (at->id == folder_id) return true;
  }
  return false;
}

std::uint64_t World::size_of(const Item& item) const {
  if (!item.is_folder) return item.content ? item.content->size() : 0;
  std::uint64_t size = 0;
  for (const auto* const child : children_of(item.id))
    size += size_of(*child);
  return size;
}

bool World::has_room_for(std::size_t bytes) const {
  return items_.size() < items_max && bytes <= stored_bytes_max - stored_bytes_;
}

Item& World::add_item(Item item) {
  if (item.id.empty()) item.id = next_id();
  children_[item.parent_id].insert(item.id);
  auto id = item.id;
  return items_.insert_or_assign(std::move(id), std::move(item)).first->second;
}

void World::set_content(Item& file, std::string bytes, WallTime now) {
  if (file.content) {
    stored_bytes_ -= file.content->size();
    ++file.etag;
  }
  stored_bytes_ += bytes.size();
  file.sha1 = crypto::sha1_hex(bytes);
  file.version_id = next_id();
  file.content = std::make_shared<const std::string>(std::move(bytes));
  file.modified_at = now;
}

void World::move(Item& item, const std::string& parent_id) {
  children_[item.parent_id].erase(item.id);
  children_[parent_id].insert(item.id);
  item.parent_id = parent_id;
}

void World::erase(const std::string& id) {
  const auto at = items_.find(id);
  if (at == items_.end() || id == root_folder_id) return;
  if (const auto below = children_.find(id); below != children_.end()) {
    const auto ids = std::move(below->second);
    children_.erase(below);
    for (const auto& child : ids)
      erase(child);
  }
  if (at->second.content) stored_bytes_ -= at->second.content->size();
  children_[at->second.parent_id].erase(id);
  items_.erase(at);
}

std::string World::next_id() {
  // Box's numbers have gaps: a client must not count on the next one.
  next_id_ += 13;
  return std::to_string(next_id_);
}

void World::record(std::string type, std::string user_id, std::string item_id, WallTime at) {
  if (events_.size() == events_max) events_.pop_front();
  events_.push_back({++last_event_, crypto::random_hex(16), std::move(type), std::move(user_id),
                     std::move(item_id), at});
}

}  // namespace valetkey::emulator
