// SPDX-License-Identifier: Apache-2.0
#include "oauth/box_scopes.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace valetkey::oauth {
namespace {

constexpr std::array<std::string_view, 37> scopes = {
    // Of applications.
    "root_readonly", "root_readwrite", "manage_managed_users", "manage_app_users", "manage_groups",
    "manage_webhook", "manage_enterprise_properties", "manage_data_retention",
    "sign_requests.readwrite", "ai.readwrite", "manage_triggers", "manage_legal_holds",
    "manage_legal_hold", "enterprise_content", "gcm", "admin_on_behalf_of", "admin_readwrite",
    // Of downscoped tokens.
    "base_explorer", "base_picker", "base_preview", "base_sidebar", "base_upload", "item_preview",
    "item_download", "item_upload", "item_rename", "item_delete", "item_share", "annotation_edit",
    "annotation_view_all", "annotation_view_self", "item_comment", "item_task", "item_read",
    "item_execute_integration", "item_readwrite", "item_content_upload"};

/// Levenshtein's, with two rows.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

bool is_box_scope(std::string_view scope) noexcept {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

std::string_view nearest_box_scope(std::string_view scope) {
  constexpr std::size_t distance_max = 5;
  std::string_view nearest;
  std::size_t least = distance_max + 1;
  for (const auto known : scopes) {
    const auto distance = edit_distance(scope, known);
    if (distance < least && distance * 2 <= known.size()) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

}  // namespace valetkey::oauth
