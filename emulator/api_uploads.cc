// SPDX-License-Identifier: Apache-2.0
// Contents on the way in: new files, new versions, and the question whether either would be taken.
#include "base/text.h"
#include "crypto/digest.h"
#include "emulator/api.h"
#include "emulator/item_edit.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

struct Upload {
  json::object attributes{};
  std::string content{};
};

/// The parts `attributes` and `file` of the body. Nothing: `refusal` says why.
std::optional<Upload> read_upload(const Call& call, bool needs_attributes, Reply& refusal) {
  const auto type = find_field(call.request.fields, "content-type").value_or("");
  auto parts = parse_multipart(type, call.request.body);
  if (!parts) {
    refusal = bad_request("body", "A multipart/form-data body is expected");
    return std::nullopt;
  }
  Upload upload;
  bool has_attributes = false;
  bool has_file = false;
  for (auto& part : *parts) {
    if (part.name == "attributes") {
      const auto attributes = body_object(part.body);
      if (!attributes) {
        refusal = bad_request("attributes", "A JSON object is expected");
        return std::nullopt;
      }
      upload.attributes = *attributes;
      has_attributes = true;
      // Box's documentation: the attributes must come before the file.
      if (has_file) {
        refusal = api_error(400, "metadata_after_file_contents",
                            "The attributes must come before the file");
        return std::nullopt;
      }
    } else if (!has_file) {
      upload.content = std::move(part.body);
      has_file = true;
    }
  }
  if (!has_file || (needs_attributes && !has_attributes)) {
    refusal = bad_request("body", "The parts \"attributes\" and \"file\" are needed");
    return std::nullopt;
  }
  // In spite of its name the header holds SHA-1.
  const auto digest = find_field(call.request.fields, "content-md5");
  if (digest && !base::equal_ignoring_case(*digest, crypto::sha1_hex(upload.content))) {
    refusal = api_error(400, "bad_digest", "The specified content-md5 did not match what we got");
    return std::nullopt;
  }
  if (!call.state.world.has_room_for(upload.content.size())) {
    refusal = api_error(403, "storage_limit_exceeded", "Account storage limit reached");
    return std::nullopt;
  }
  return upload;
}

std::string name_of(const json::object& attributes) {
  const auto* const name = attributes.if_contains("name");
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

/// What forbids a file of that name in that folder.
std::optional<Reply> refuse_new_file(const Call& call, const json::object& attributes) {
  if (auto refusal = forbid(call, Operation::upload)) return refusal;
  const auto parent_id = parent_of(attributes);
  const auto* const parent = call.state.world.find_kind(true, parent_id);
  if (parent == nullptr)
    return parent_id.empty() ? bad_request("parent", "A parent is needed") : not_found();
  if (auto refusal = forbid(call, Operation::upload, *parent)) return refusal;
  return refuse_name(call, parent_id, name_of(attributes));
}

Reply say(const Call& call, const Item& file) {
  json::array entries;
  entries.push_back(
      only_fields(item_json(call.state, file), call.query.find("fields").value_or("")));
  json::object files;
  files["total_count"] = 1;
  files["entries"] = std::move(entries);
  return json_reply(201, files);
}

}  // namespace

Reply answer_upload(Call& call) {
  if (auto refusal = forbid(call, Operation::upload)) return *refusal;
  Reply refusal;
  auto upload = read_upload(call, true, refusal);
  if (!upload) return refusal;
  if (auto refused = refuse_new_file(call, upload->attributes)) return *refused;
  Item file;
  file.name = name_of(upload->attributes);
  file.parent_id = parent_of(upload->attributes);
  file.owner_id = call.user_id;
  file.created_at = call.now();
  auto& made = call.state.world.add_item(std::move(file));
  call.state.world.set_content(made, std::move(upload->content), call.now());
  call.state.world.record("ITEM_UPLOAD", call.user_id, made.id, call.now());
  return say(call, made);
}

Reply answer_new_version(Call& call) {
  if (!base::all_digits(call.path[1])) return method_not_allowed();
  auto* const file = call.state.world.find_kind(false, call.path[1]);
  if (file == nullptr) return not_found();
  if (auto refusal = forbid(call, Operation::upload, *file)) return *refusal;
  if (auto refusal = refuse_stale(call, *file)) return *refusal;
  Reply refusal;
  auto upload = read_upload(call, false, refusal);
  if (!upload) return refusal;
  if (const auto name = name_of(upload->attributes); !name.empty()) {
    if (auto refused = refuse_name(call, file->parent_id, name, file->id)) return *refused;
    file->name = name;
  }
  call.state.world.set_content(*file, std::move(upload->content), call.now());
  call.state.world.record("ITEM_UPLOAD", call.user_id, file->id, call.now());
  return say(call, *file);
}

Reply answer_preflight(Call& call) {
  const auto body = body_object(call.request.body);
  if (!body) return bad_request("body", "A JSON object is expected");
  if (auto refusal = refuse_new_file(call, *body)) return *refusal;
  json::object value;
  value["upload_url"] = call.state.base_url + "/api/2.0/files/content";
  value["upload_token"] = nullptr;
  return json_reply(200, value);
}

}  // namespace valetkey::emulator
