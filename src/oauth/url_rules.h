// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which URLs may be endpoints or resources.

#include <optional>
#include <string>
#include <string_view>

namespace valetkey::oauth {

/// Rule S4: an absolute https URL, or http to a loopback address; no user information, no
/// fragment, not longer than base::url_bytes_max.
[[nodiscard]] bool is_endpoint_url(std::string_view url);

/// RFC 8707 §2: an absolute URI without a fragment, not longer than base::url_bytes_max.
[[nodiscard]] bool is_resource_uri(std::string_view uri);

/// "files/ID" or "folders/ID" of a URL or path below `base` + "/2.0/"; nothing for anything else.
struct BoxItem {
  std::string kind{};  ///< "files" or "folders"
  std::string id{};
};
[[nodiscard]] std::optional<BoxItem> find_box_item(std::string_view path);

/// The item that an address of Box's web application shows, https://app.box.com/file/ID.
[[nodiscard]] std::optional<BoxItem> find_web_app_item(std::string_view url);

}  // namespace valetkey::oauth
