// SPDX-License-Identifier: Apache-2.0
#include "emulator/item_json.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace valetkey::emulator {
namespace {

constexpr std::array<std::string_view, 8> on_request_only = {"role",
                                                             "enterprise",
                                                             "is_platform_access_only",
                                                             "hostname",
                                                             "tracking_codes",
                                                             "can_see_managed_users",
                                                             "external_app_user_id",
                                                             "permissions"};

json::object owner_json(const State& state, const Item& item) {
  const auto* const owner = state.world.find_user(item.owner_id);
  return owner == nullptr ? json::object{} : user_mini(*owner);
}

json::value shared_link_json(const Item& item) {
  if (!item.shared_link) return nullptr;
  const auto& link = *item.shared_link;
  json::object value;
  value["url"] = link.url;
  value["download_url"] = nullptr;
  value["vanity_url"] = nullptr;
  value["access"] = link.access;
  value["effective_access"] = link.access;
  value["effective_permission"] = "can_download";
  value["is_password_enabled"] = !link.password.empty();
  value["unshared_at"] = nullptr;
  value["download_count"] = 0;
  value["preview_count"] = 0;
  value["permissions"] =
      json::object{{"can_preview", true}, {"can_download", true}, {"can_edit", false}};
  return value;
}

json::object path_json(const State& state, const Item& item) {
  json::array entries;
  for (const auto* const folder : state.world.path_to(item))
    entries.push_back(item_mini(*folder));
  json::object path;
  path["total_count"] = entries.size();
  path["entries"] = std::move(entries);
  return path;
}

void put_file_version(json::object& to, const Item& file) {
  to["file_version"] =
      json::object{{"type", "file_version"}, {"id", file.version_id}, {"sha1", file.sha1}};
}

}  // namespace

json::object user_mini(const User& user) {
  return {{"type", "user"}, {"id", user.id}, {"name", user.name}, {"login", user.login}};
}

json::object user_json(const State& state, const User& user) {
  auto value = user_mini(user);
  const auto created = format_timestamp(user.created_at);
  value["created_at"] = created;
  value["modified_at"] = created;
  value["language"] = "en";
  value["timezone"] = "America/Los_Angeles";
  value["space_amount"] = 1'000'000'000'000'000;
  value["space_used"] = 0;
  value["max_upload_size"] = 16'106'127'360;
  value["status"] = user.disabled ? "inactive" : "active";
  value["job_title"] = "";
  value["phone"] = "";
  value["address"] = "";
  value["avatar_url"] = state.base_url + "/api/avatar/large/" + user.id;
  value["notification_email"] = nullptr;
  value["role"] = user.kind == UserKind::admin ? "admin" : "user";
  value["enterprise"] = json::object{{"type", "enterprise"},
                                     {"id", state.seed.enterprise_id},
                                     {"name", state.seed.enterprise_name}};
  value["is_platform_access_only"] =
      user.kind == UserKind::app_user || user.kind == UserKind::service_account;
  value["hostname"] = state.base_url + "/";
  value["tracking_codes"] = json::array{};
  value["can_see_managed_users"] = true;
  value["external_app_user_id"] = nullptr;
  return value;
}

json::object item_mini(const Item& item) {
  json::object value = {{"type", item.is_folder ? "folder" : "file"}, {"id", item.id}};
  if (item.id == root_folder_id) {
    value["sequence_id"] = nullptr;
    value["etag"] = nullptr;
  } else {
    value["sequence_id"] = std::to_string(item.etag);
    value["etag"] = std::to_string(item.etag);
  }
  value["name"] = item.name;
  if (!item.is_folder) {
    value["sha1"] = item.sha1;
    put_file_version(value, item);
  }
  return value;
}

json::object item_json(const State& state, const Item& item) {
  const bool is_root = item.id == root_folder_id;
  const auto timestamp = [&](WallTime time) {
    return is_root ? json::value(nullptr) : json::value(format_timestamp(time));
  };
  auto value = item_mini(item);
  value["description"] = item.description;
  value["size"] = state.world.size_of(item);
  value["path_collection"] = path_json(state, item);
  value["created_at"] = timestamp(item.created_at);
  value["modified_at"] = timestamp(item.modified_at);
  value["trashed_at"] = nullptr;
  value["purged_at"] = nullptr;
  value["content_created_at"] = timestamp(item.created_at);
  value["content_modified_at"] = timestamp(item.modified_at);
  value["created_by"] = owner_json(state, item);
  value["modified_by"] = owner_json(state, item);
  value["owned_by"] = owner_json(state, item);
  value["shared_link"] = shared_link_json(item);
  if (item.is_folder) value["folder_upload_email"] = nullptr;
  const auto* const parent = state.world.find(item.parent_id);
  value["parent"] = parent == nullptr ? json::value(nullptr) : json::value(item_mini(*parent));
  value["item_status"] = "active";
  value["permissions"] =
      json::object{{"can_download", true}, {"can_preview", true}, {"can_rename", true},
                   {"can_delete", true},   {"can_share", true},   {"can_upload", true}};
  return value;
}

json::object only_fields(const json::object& whole, std::string_view fields) {
  auto names = base::split(fields, ',');
  json::object chosen;
  for (const auto& member : whole) {
    const std::string_view key = member.key();
    const bool always = key == "type" || key == "id" || (key == "etag" && !names.empty());
    const bool wanted = names.empty() ? std::find(on_request_only.begin(), on_request_only.end(),
                                                  key) == on_request_only.end()
                                      : std::find(names.begin(), names.end(), key) != names.end();
    if (always || wanted) chosen[key] = member.value();
  }
  return chosen;
}

}  // namespace valetkey::emulator
