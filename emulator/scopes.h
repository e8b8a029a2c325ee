// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which scopes there are, which a token holds by holding another, and what each lets one do.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace valetkey::emulator {

enum class Operation : std::uint8_t {
  read_item,
  list_folder,
  download,
  rename,
  erase,
  upload,
  make_folder,
  share,
  manage_users,
  read_enterprise_events,
};

/// What the emulated app may do: the scopes of an unrestricted token.
[[nodiscard]] const std::vector<std::string>& app_scopes();

[[nodiscard]] bool is_known_scope(std::string_view scope);
/// Whether a token with `held` may hand on `wanted`: it holds it, or a wider one.
[[nodiscard]] bool may_narrow_to(const std::vector<std::string>& held, std::string_view wanted);
[[nodiscard]] bool permits(const std::vector<std::string>& held, Operation operation);

/// Space-separated (RFC 6749 §3.3); sorted, without repeats.
[[nodiscard]] std::vector<std::string> parse_scopes(std::string_view text);

}  // namespace valetkey::emulator
