// SPDX-License-Identifier: Apache-2.0
#include "emulator/api.h"

#include <algorithm>

#include "base/text.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

std::string_view without_api(std::string_view path) {
  return path.starts_with("/api/2.0/") ? path.substr(4) : path;
}

bool is_content_get(const Request& request, const std::vector<std::string_view>& path) {
  return request.method == "GET" && path.size() == 3 && path[0] == "files" && path[2] == "content";
}

/// The token, from the header or, where Box documents it, from the query.
Bearer presented_token(const Request& request, const Form& query,
                       const std::vector<std::string_view>& path) {
  auto bearer = parse_bearer(request.fields);
  if (bearer.form == Bearer::Form::absent && is_content_get(request, path)) {
    if (auto token = query.find("access_token")) {
      return {.form = Bearer::Form::token, .token = std::move(*token)};
    }
  }
  return bearer;
}

bool may_act_as_others(const User& user) {
  return user.kind == UserKind::admin || user.kind == UserKind::service_account;
}

/// Who acts, when the As-User header names somebody else.
std::optional<Reply> apply_as_user(Call& call) {
  const auto wanted = find_field(call.request.fields, "as-user");
  if (!wanted) return std::nullopt;
  const auto* const caller = call.state.world.find_user(call.holding.user_id);
  const auto* const target = call.state.world.find_user(base::trimmed(*wanted));
  if (caller == nullptr || call.holding.downscoped) return insufficient_scope();
  if (target != nullptr && target->id == caller->id) return std::nullopt;
  if (!may_act_as_others(*caller) || target == nullptr ||
      target->kind == UserKind::service_account) {
    return insufficient_permission();
  }
  call.user_id = target->id;
  return std::nullopt;
}

Reply route(Call& call) {
  const auto& path = call.path;
  if (path.empty()) return not_found();
  if (path[0] == "users") return answer_users(call);
  if (path[0] == "folders") return answer_folders(call);
  if (path[0] == "events" && path.size() == 1) return answer_events(call);
  if (path[0] == "shared_items" && path.size() == 1) return answer_shared_items(call);
  if (path[0] != "files") return not_found();
  if (path.size() == 2 && path[1] == "content") {
    if (call.request.method == "POST") return answer_upload(call);
    if (call.request.method == "OPTIONS") return answer_preflight(call);
    return method_not_allowed();
  }
  if (path.size() == 3 && path[2] == "content" && call.request.method == "POST") {
    return answer_new_version(call);
  }
  return answer_files(call);
}

}  // namespace

bool is_api_path(std::string_view path) {
  return without_api(path).starts_with("/2.0/");
}

Reply answer_api(State& state, const Request& request) {
  auto path = segments_of(without_api(request.path));
  path.erase(path.begin());
  auto query = decode_form(request.query);
  if (!query) return bad_request("query", "Too many parameters");
  const auto bearer = presented_token(request, *query, path);
  if (bearer.form == Bearer::Form::empty) {
    return bad_request("Authorization", "The access token is empty");
  }
  if (bearer.form != Bearer::Form::token) return no_token();
  const auto* const entry = state.tokens.find_live(bearer.token, state.clock.now());
  if (entry == nullptr) return invalid_token();
  const auto* const user = state.world.find_user(entry->holding.user_id);
  if (user == nullptr || user->disabled) return invalid_token();

  Call call{.state = state,
            .request = request,
            .query = std::move(*query),
            .path = std::move(path),
            .holding = entry->holding,
            .user_id = entry->holding.user_id};
  state.tokens.note_use(bearer.token);
  if (auto refusal = apply_as_user(call)) return *refusal;
  return route(call);
}

std::optional<Reply> forbid(const Call& call, Operation operation) {
  if (!permits(call.holding.scopes, operation)) return insufficient_scope();
  return std::nullopt;
}

std::optional<Reply> forbid(const Call& call, Operation operation, const Item& item) {
  if (auto refusal = forbid(call, operation)) return refusal;
  // A folder stands for all that is below it.
  const auto& only = call.holding.item_id;
  if (!only.empty() && !call.state.world.is_within(item, only)) return insufficient_permission();
  return std::nullopt;
}

Reply show(const Call& call, int status, const json::object& whole) {
  return json_reply(status, only_fields(whole, call.query.find("fields").value_or("")));
}

std::optional<json::object> body_object(std::string_view body) {
  json::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::size_t query_number(const Call& call, std::string_view name, std::size_t otherwise,
                         std::size_t at_most) {
  const auto text = call.query.find(name);
  const auto number = text ? base::parse_number<std::uint64_t>(*text) : std::nullopt;
  return std::min<std::size_t>(number.value_or(otherwise), at_most);
}

}  // namespace valetkey::emulator
