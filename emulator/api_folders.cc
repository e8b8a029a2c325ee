// SPDX-License-Identifier: Apache-2.0
// /2.0/folders: their properties, what is in them, and how they come and go.
#include <algorithm>

#include "base/text.h"
#include "emulator/api.h"
#include "emulator/item_edit.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

constexpr std::size_t page_items_default = 100;
constexpr std::size_t page_items_max = 1'000;
constexpr std::size_t offset_max = 9'999'999;

json::array entry_list(const Call& call, const std::vector<const Item*>& items, std::size_t offset,
                       std::size_t limit) {
  const auto fields = call.query.find("fields").value_or("");
  json::array entries;
  for (std::size_t at = offset; at < items.size() && entries.size() < limit; ++at) {
    entries.push_back(fields.empty() ? item_mini(*items[at])
                                     : only_fields(item_json(call.state, *items[at]), fields));
  }
  return entries;
}

json::array sort_order() {
  json::array order;
  order.push_back(json::object{{"by", "type"}, {"direction", "ASC"}});
  order.push_back(json::object{{"by", "name"}, {"direction", "ASC"}});
  return order;
}

/// In either of two ways of paging. A marker is the offset in a form that nobody counts on.
Reply list_items(const Call& call, const Item& folder) {
  if (auto refusal = forbid(call, Operation::list_folder, folder)) return *refusal;
  const auto items = call.state.world.children_of(folder.id);
  const auto limit =
      std::max<std::size_t>(query_number(call, "limit", page_items_default, page_items_max), 1);
  json::object page;
  if (call.query.find("usemarker") == "true") {
    const auto marker = call.query.find("marker").value_or("m0");
    const auto offset = marker.starts_with("m")
                            ? base::parse_number<std::uint64_t>(std::string_view(marker).substr(1))
                            : std::nullopt;
    if (!offset) return bad_request("marker", "The marker is invalid");
    page["entries"] = entry_list(call, items, *offset, limit);
    page["limit"] = limit;
    if (*offset < items.size() && items.size() - *offset > limit) {
      page["next_marker"] = "m" + std::to_string(*offset + limit);
    }
    return json_reply(200, page);
  }
  const auto offset = query_number(call, "offset", 0, offset_max);
  page["total_count"] = items.size();
  page["entries"] = entry_list(call, items, offset, limit);
  page["offset"] = offset;
  page["limit"] = limit;
  page["order"] = sort_order();
  return json_reply(200, page);
}

Reply get_folder(const Call& call, const Item& folder) {
  if (auto refusal = forbid(call, Operation::read_item, folder)) return *refusal;
  auto value = item_json(call.state, folder);
  if (!forbid(call, Operation::list_folder, folder)) {
    const auto items = call.state.world.children_of(folder.id);
    json::object collection;
    json::array entries;
    for (std::size_t at = 0; at < items.size() && at < page_items_default; ++at) {
      entries.push_back(item_mini(*items[at]));
    }
    collection["total_count"] = items.size();
    collection["entries"] = std::move(entries);
    collection["offset"] = 0;
    collection["limit"] = page_items_default;
    collection["order"] = sort_order();
    value["item_collection"] = std::move(collection);
  }
  return show(call, 200, value);
}

Reply make_folder(Call& call) {
  const auto body = body_object(call.request.body);
  if (!body) return bad_request("body", "A JSON object is expected");
  const auto* const name = body->if_contains("name");
  const auto parent_id = parent_of(*body);
  if (name == nullptr || !name->is_string()) return bad_request("name", "A name is needed");
  if (parent_id.empty()) return bad_request("parent", "A parent is needed");
  if (auto refusal = forbid(call, Operation::make_folder)) return *refusal;
  auto& world = call.state.world;
  const auto* const parent = world.find_kind(true, parent_id);
  if (parent == nullptr) return not_found();
  if (auto refusal = forbid(call, Operation::make_folder, *parent)) return *refusal;
  if (auto refusal = refuse_name(call, parent_id, name->get_string())) return *refusal;
  if (!world.has_room_for(0) || world.path_to(*parent).size() + 1 > folder_depth_max) {
    return api_error(403, "storage_limit_exceeded", "Account storage limit reached");
  }
  Item folder;
  folder.is_folder = true;
  folder.name = name->get_string();
  folder.parent_id = parent_id;
  folder.owner_id = call.user_id;
  folder.created_at = folder.modified_at = call.now();
  const auto& made = world.add_item(std::move(folder));
  world.record("ITEM_CREATE", call.user_id, made.id, call.now());
  auto value = item_json(call.state, made);
  json::object nothing;
  nothing["total_count"] = 0;
  nothing["entries"] = json::array{};
  value["item_collection"] = std::move(nothing);
  return show(call, 201, value);
}

}  // namespace

Reply answer_folders(Call& call) {
  const auto& method = call.request.method;
  if (call.path.size() == 1) return method == "POST" ? make_folder(call) : method_not_allowed();
  if (!base::all_digits(call.path[1])) return method_not_allowed();
  auto* const folder = call.state.world.find_kind(true, call.path[1]);
  if (folder == nullptr) return not_found();
  if (call.path.size() == 3 && call.path[2] == "items") {
    return method == "GET" ? list_items(call, *folder) : method_not_allowed();
  }
  if (call.path.size() != 2) return not_found();
  if (method == "GET") return get_folder(call, *folder);
  if (method == "PUT") return edit_item(call, *folder);
  if (method == "DELETE") return delete_item(call, *folder);
  return method_not_allowed();
}

}  // namespace valetkey::emulator
