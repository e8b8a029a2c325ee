// SPDX-License-Identifier: Apache-2.0
// /2.0/files: their properties, and their contents on the way out.
#include "base/text.h"
#include "crypto/random.h"
#include "emulator/api.h"
#include "emulator/item_edit.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

constexpr std::chrono::minutes download_life{15};
constexpr std::size_t downloads_max = 10'000;

// Box sends the client elsewhere for the bytes, and that place asks for no token. SECURITY: so the
// address is a secret itself, good once and for a quarter of an hour.
Reply redirect_to_content(Call& call, const Item& file) {
  if (auto refusal = forbid(call, Operation::download, file)) return *refusal;
  auto& state = call.state;
  const auto now = state.clock.now();
  std::erase_if(state.downloads, [&](const auto& at) { return at.second.expires_at <= now; });
  if (state.downloads.size() >= downloads_max) state.downloads.erase(state.downloads.begin());
  const auto ticket = crypto::random_alphanumerics(48);
  state.downloads[ticket] = {
      .content = file.content, .name = file.name, .expires_at = now + download_life};
  state.world.record("ITEM_DOWNLOAD", call.user_id, file.id, call.now());
  auto reply = empty_reply(302);
  reply.fields.push_back({"Location", state.base_url + "/d/1/" + ticket + "/download"});
  return reply;
}

Reply get_file(const Call& call, const Item& file) {
  if (auto refusal = forbid(call, Operation::read_item, file)) return *refusal;
  return show(call, 200, item_json(call.state, file));
}

}  // namespace

Reply answer_files(Call& call) {
  const auto& method = call.request.method;
  if (call.path.size() < 2 || !base::all_digits(call.path[1])) return method_not_allowed();
  auto* const file = call.state.world.find_kind(false, call.path[1]);
  if (file == nullptr) return not_found();
  if (call.path.size() == 3 && call.path[2] == "content") {
    return method == "GET" ? redirect_to_content(call, *file) : method_not_allowed();
  }
  if (call.path.size() != 2) return not_found();
  if (method == "GET") return get_file(call, *file);
  if (method == "PUT") return edit_item(call, *file);
  if (method == "DELETE") return delete_item(call, *file);
  return method_not_allowed();
}

bool is_download_path(std::string_view path) {
  return path.starts_with("/d/1/");
}

Reply answer_download(State& state, const Request& request) {
  const auto path = segments_of(request.path);
  if (path.size() != 4 || path[3] != "download") return not_found();
  if (request.method != "GET") return method_not_allowed();
  const auto at = state.downloads.find(std::string(path[2]));
  if (at == state.downloads.end()) return not_found();
  const auto download = std::move(at->second);
  state.downloads.erase(at);
  if (download.expires_at <= state.clock.now()) return not_found();
  Reply reply;
  reply.fields = {
      {"Content-Type", "application/octet-stream"},
      {"Content-Disposition", "attachment; filename*=UTF-8''" + percent_encode(download.name)},
      {"Cache-Control", "private"}};
  reply.content = download.content;
  return reply;
}

Reply answer_shared_items(Call& call) {
  if (call.request.method != "GET") return method_not_allowed();
  const auto header = find_field(call.request.fields, "boxapi").value_or("");
  const auto form = decode_form(header);
  const auto link = form ? form->find("shared_link") : std::nullopt;
  if (!link) return bad_request("BoxApi", "A shared link is needed");
  const auto* const item = call.state.world.find_shared(*link);
  if (item == nullptr) return not_found();
  if (auto refusal = forbid(call, Operation::read_item, *item)) return *refusal;
  const auto& password = item->shared_link->password;
  if (!password.empty() && form->find("shared_link_password") != password) {
    return api_error(403, "incorrect_shared_item_password",
                     "The correct password for this shared item must be given");
  }
  return show(call, 200, item_json(call.state, *item));
}

}  // namespace valetkey::emulator
