// SPDX-License-Identifier: Apache-2.0
#pragma once
// The content API under /2.0: who calls, what the token lets them do, and where the call goes.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/message.h"
#include "emulator/replies.h"
#include "emulator/scopes.h"
#include "emulator/state.h"
#include "emulator/wire.h"

namespace valetkey::emulator {

/// A call that is known to come from someone.
struct Call {
  State& state;
  const Request& request;
  Form query{};
  std::vector<std::string_view> path{};  ///< behind "/2.0"
  Holding holding{};
  std::string user_id{};  ///< who acts: the token's account, or the As-User target

  [[nodiscard]] WallTime now() const { return state.clock.wall(); }
};

/// `/2.0/...` and its twin `/api/2.0/...`.
[[nodiscard]] bool is_api_path(std::string_view path);
[[nodiscard]] Reply answer_api(State& state, const Request& request);
/// The address that a content call was sent to: no token needed, once.
[[nodiscard]] bool is_download_path(std::string_view path);
[[nodiscard]] Reply answer_download(State& state, const Request& request);

// What the token does not allow; nothing when it does. The scope is looked at first.
[[nodiscard]] std::optional<Reply> forbid(const Call& call, Operation operation);
[[nodiscard]] std::optional<Reply> forbid(const Call& call, Operation operation, const Item& item);

// Each answers its part of the API.
[[nodiscard]] Reply answer_users(Call& call);
[[nodiscard]] Reply answer_folders(Call& call);
[[nodiscard]] Reply answer_files(Call& call);
[[nodiscard]] Reply answer_upload(Call& call);
[[nodiscard]] Reply answer_new_version(Call& call);
[[nodiscard]] Reply answer_preflight(Call& call);
[[nodiscard]] Reply answer_events(Call& call);
[[nodiscard]] Reply answer_shared_items(Call& call);

/// The fields that the query asks for.
[[nodiscard]] Reply show(const Call& call, int status, const json::object& whole);
/// The body as a JSON object; nothing when it is something else.
[[nodiscard]] std::optional<json::object> body_object(std::string_view body);
/// A number from the query, within bounds.
[[nodiscard]] std::size_t query_number(const Call& call, std::string_view name,
                                       std::size_t otherwise, std::size_t at_most);

}  // namespace valetkey::emulator
