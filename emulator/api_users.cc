// SPDX-License-Identifier: Apache-2.0
// /2.0/users and /2.0/events.
#include <algorithm>

#include "base/text.h"
#include "crypto/random.h"
#include "emulator/api.h"
#include "emulator/item_json.h"

namespace valetkey::emulator {
namespace {

constexpr std::size_t page_users_max = 1'000;

Reply get_me(const Call& call) {
  const auto* const user = call.state.world.find_user(call.user_id);
  return user == nullptr ? not_found() : show(call, 200, user_json(call.state, *user));
}

Reply list_users(const Call& call) {
  if (auto refusal = forbid(call, Operation::manage_users)) return *refusal;
  const auto filter = call.query.find("filter_term").value_or("");
  const auto fields = call.query.find("fields").value_or("");
  const auto offset = query_number(call, "offset", 0, users_max);
  const auto limit = std::max<std::size_t>(query_number(call, "limit", 100, page_users_max), 1);
  std::size_t matching = 0;
  json::array entries;
  for (const auto& [id, user] : call.state.world.users()) {
    // Box lists people and app users; the app's own account is nobody.
    if (user.kind == UserKind::service_account) continue;
    if (!user.name.starts_with(filter) && !user.login.starts_with(filter)) continue;
    if (matching++ < offset || entries.size() >= limit) continue;
    entries.push_back(only_fields(user_json(call.state, user), fields));
  }
  json::object page;
  page["total_count"] = matching;
  page["entries"] = std::move(entries);
  page["offset"] = offset;
  page["limit"] = limit;
  return json_reply(200, page);
}

Reply make_app_user(Call& call) {
  if (auto refusal = forbid(call, Operation::manage_users)) return *refusal;
  const auto body = body_object(call.request.body);
  if (!body) return bad_request("body", "A JSON object is expected");
  const auto* const name = body->if_contains("name");
  const auto* const platform = body->if_contains("is_platform_access_only");
  if (name == nullptr || !name->is_string() || name->get_string().empty()) {
    return bad_request("name", "A name is needed");
  }
  auto& world = call.state.world;
  if (world.users().size() >= users_max) {
    return api_error(403, "forbidden", "The enterprise has too many users");
  }
  User user;
  user.name = name->get_string();
  user.created_at = call.now();
  if (platform != nullptr && platform->is_bool() && platform->get_bool()) {
    user.kind = UserKind::app_user;
    user.login = "AppUser_" + service_account(call.state).id + "_" +
                 crypto::random_alphanumerics(10) + "@boxdevedition.com";
  } else {
    const auto* const login = body->if_contains("login");
    if (login == nullptr || !login->is_string()) return bad_request("login", "A login is needed");
    user.login = login->get_string();
    if (world.find_user_by_login(user.login) != nullptr) {
      return api_error(409, "user_login_already_used",
                       "User with the specified login already exists");
    }
  }
  return show(call, 201, user_json(call.state, world.add_user(std::move(user))));
}

json::object event_json(const State& state, const Event& event) {
  json::object value = {{"type", "event"}, {"event_id", event.id}};
  value["event_type"] = event.type;
  const auto* const user = state.world.find_user(event.user_id);
  value["created_by"] = user == nullptr ? json::value(nullptr) : json::value(user_mini(*user));
  value["created_at"] = format_timestamp(event.at);
  value["session_id"] = nullptr;
  const auto* const item = state.world.find(event.item_id);
  value["source"] = item == nullptr ? json::value(nullptr) : json::value(item_mini(*item));
  return value;
}

Reply list_events(const Call& call) {
  const auto stream = call.query.find("stream_type").value_or("all");
  if (stream.starts_with("admin_logs")) {
    if (auto refusal = forbid(call, Operation::read_enterprise_events)) return *refusal;
  } else if (auto refusal = forbid(call, Operation::read_item)) {
    return *refusal;
  }
  // Events name items of the whole tree.
  if (!call.holding.item_id.empty()) return insufficient_permission();
  const auto& events = call.state.world.events();
  const auto last = events.empty() ? 0 : events.back().position;
  const auto position = call.query.find("stream_position").value_or("0");
  const auto limit = query_number(call, "limit", 100, 500);
  const auto after = position == "now" ? last : base::parse_number<std::uint64_t>(position);
  if (!after) return bad_request("stream_position", "A position is expected");
  json::array entries;
  auto next = *after;
  for (const auto& event : events) {
    if (event.position <= *after || entries.size() >= limit) continue;
    entries.push_back(event_json(call.state, event));
    next = event.position;
  }
  json::object page;
  page["chunk_size"] = entries.size();
  page["next_stream_position"] = std::to_string(next);
  page["entries"] = std::move(entries);
  return json_reply(200, page);
}

Reply long_poll_info(const Call& call) {
  json::object server = {{"type", "realtime_server"}};
  server["url"] = call.state.base_url + "/2.0/events?stream_position=now&limit=1";
  server["ttl"] = "10";
  server["max_retries"] = "10";
  server["retry_timeout"] = 610;
  json::array entries;
  entries.push_back(std::move(server));
  json::object value;
  value["chunk_size"] = 1;
  value["entries"] = std::move(entries);
  return json_reply(200, value);
}

}  // namespace

Reply answer_users(Call& call) {
  const auto& method = call.request.method;
  if (call.path.size() == 1) {
    if (method == "GET") return list_users(call);
    return method == "POST" ? make_app_user(call) : method_not_allowed();
  }
  if (call.path.size() != 2) return not_found();
  if (call.path[1] == "terminate_sessions") {
    if (method != "POST") return method_not_allowed();
    if (auto refusal = forbid(call, Operation::manage_users)) return *refusal;
    return json_reply(202, json::object{{"message",
                                         "Request is successful, please check the "
                                         "admin events for the status of the job"}});
  }
  if (method != "GET") return method_not_allowed();
  if (call.path[1] == "me") return get_me(call);
  if (call.path[1] != call.user_id) {
    if (auto refusal = forbid(call, Operation::manage_users)) return *refusal;
  }
  const auto* const user = call.state.world.find_user(call.path[1]);
  return user == nullptr ? not_found() : show(call, 200, user_json(call.state, *user));
}

Reply answer_events(Call& call) {
  if (call.request.method == "GET") return list_events(call);
  return call.request.method == "OPTIONS" ? long_poll_info(call) : method_not_allowed();
}

}  // namespace valetkey::emulator
