// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of the Box Platform's resources, for TokenRequest::resource.

#include <string>
#include <string_view>

namespace valetkey::box {

/// A token narrowed to this is good for that file alone.
[[nodiscard]] inline std::string file(std::string_view id) {
  return "https://api.box.com/2.0/files/" + std::string(id);
}

/// A token narrowed to this is good for that folder and everything below it.
[[nodiscard]] inline std::string folder(std::string_view id) {
  return "https://api.box.com/2.0/folders/" + std::string(id);
}

}  // namespace valetkey::box
