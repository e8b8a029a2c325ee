// SPDX-License-Identifier: Apache-2.0
#include "emulator/item_edit.h"

#include <algorithm>

#include "crypto/random.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

std::string text_member(const json::object& from, std::string_view name) {
  const auto* const value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::size_t height_of(const World& world, const Item& item) {
  std::size_t height = 0;
  for (const auto* const child : world.children_of(item.id)) {
    if (child->is_folder) height = std::max(height, height_of(world, *child) + 1);
  }
  return height;
}

std::optional<Reply> move_item(Call& call, Item& item, const std::string& parent_id) {
  auto& world = call.state.world;
  if (parent_id.empty() || parent_id == item.parent_id) return std::nullopt;
  const auto* const parent = world.find_kind(true, parent_id);
  if (parent == nullptr) return not_found();
  if (auto refusal = forbid(call, Operation::make_folder, *parent)) return refusal;
  if (item.is_folder && world.is_within(*parent, item.id)) {
    return bad_request("parent", "A folder cannot be moved into itself");
  }
  const auto height = item.is_folder ? height_of(world, item) : 0;
  if (world.path_to(*parent).size() + height + 1 > folder_depth_max) {
    return bad_request("parent", "The folder tree would be too deep");
  }
  world.move(item, parent_id);
  return std::nullopt;
}

std::optional<Reply> edit_shared_link(Call& call, Item& item, const json::value& wanted) {
  if (auto refusal = forbid(call, Operation::share, item)) return refusal;
  if (wanted.is_null()) {
    item.shared_link.reset();
    return std::nullopt;
  }
  if (!wanted.is_object()) return bad_request("shared_link", "An object is expected");
  auto link = item.shared_link.value_or(SharedLink{});
  if (link.url.empty()) {
    link.url = call.state.base_url + "/s/" + crypto::random_alphanumerics(32);
  }
  const auto access = text_member(wanted.get_object(), "access");
  if (!access.empty() && access != "open" && access != "company" && access != "collaborators") {
    return bad_request("shared_link", "access is open, company or collaborators");
  }
  if (!access.empty()) link.access = access;
  if (wanted.get_object().contains("password")) {
    link.password = text_member(wanted.get_object(), "password");
  }
  item.shared_link = std::move(link);
  return std::nullopt;
}

}  // namespace

std::optional<Reply> refuse_name(const Call& call, std::string_view parent_id,
                                 std::string_view name, std::string_view own_id) {
  if (name.empty()) return bad_request("name", "A name is needed");
  const bool has_blank_end = name.front() == ' ' || name.back() == ' ';
  if (name.size() > name_bytes_max || name == "." || name == ".." || has_blank_end ||
      name.find_first_of("/\\") != std::string_view::npos) {
    return api_error(400, "item_name_invalid", "Item name invalid");
  }
  const auto* const other = call.state.world.find_named(parent_id, name);
  if (other == nullptr || other->id == own_id) return std::nullopt;
  json::object info;
  // Box lists folders that clash, and names the one file.
  if (other->is_folder) {
    json::array conflicts;
    conflicts.push_back(item_mini(*other));
    info["conflicts"] = std::move(conflicts);
  } else {
    info["conflicts"] = item_mini(*other);
  }
  return api_error(409, "item_name_in_use", "Item with the same name already exists",
                   std::move(info));
}

std::string parent_of(const json::object& body) {
  const auto* const parent = body.if_contains("parent");
  if (parent == nullptr || !parent->is_object()) return {};
  return text_member(parent->get_object(), "id");
}

std::optional<Reply> refuse_stale(const Call& call, const Item& item) {
  auto wanted = find_field(call.request.fields, "if-match");
  if (!wanted || *wanted == "*") return std::nullopt;
  if (wanted->size() >= 2 && wanted->front() == '"') {
    wanted = wanted->substr(1, wanted->size() - 2);
  }
  if (*wanted == std::to_string(item.etag)) return std::nullopt;
  return api_error(412, "precondition_failed",
                   "The resource has been modified. Please retrieve the resource again and retry");
}

Reply edit_item(Call& call, Item& item) {
  const auto body = body_object(call.request.body);
  if (!body) return bad_request("body", "A JSON object is expected");
  if (item.id == root_folder_id) return insufficient_permission();
  if (auto refusal = refuse_stale(call, item)) return *refusal;

  const auto* const link = body->if_contains("shared_link");
  const bool only_shares = link != nullptr && body->size() == 1;
  if (!only_shares) {
    if (auto refusal = forbid(call, Operation::rename, item)) return *refusal;
  }
  const auto parent_id = parent_of(*body);
  const auto name = body->contains("name") ? text_member(*body, "name") : item.name;
  const auto& target_id = parent_id.empty() ? item.parent_id : parent_id;
  if (auto refusal = refuse_name(call, target_id, name, item.id)) return *refusal;
  if (link != nullptr) {
    if (auto refusal = edit_shared_link(call, item, *link)) return *refusal;
  }
  if (auto refusal = move_item(call, item, parent_id)) return *refusal;
  if (name != item.name) call.state.world.record("ITEM_RENAME", call.user_id, item.id, call.now());
  item.name = name;
  if (body->contains("description")) item.description = text_member(*body, "description");
  ++item.etag;
  item.modified_at = call.now();
  return show(call, 200, item_json(call.state, item));
}

Reply delete_item(Call& call, const Item& item) {
  if (auto refusal = forbid(call, Operation::erase, item)) return *refusal;
  if (item.id == root_folder_id) return insufficient_permission();
  if (auto refusal = refuse_stale(call, item)) return *refusal;
  const bool recursive = call.query.find("recursive") == "true";
  if (item.is_folder && !recursive && !call.state.world.children_of(item.id).empty()) {
    return api_error(400, "folder_not_empty", "Cannot delete - folder not empty");
  }
  call.state.world.record("ITEM_TRASH", call.user_id, item.id, call.now());
  call.state.world.erase(std::string(item.id));
  return empty_reply(204);
}

}  // namespace valetkey::emulator
