// SPDX-License-Identifier: Apache-2.0
#include "oauth/box_scopes.h"

#include <algorithm>
#include <array>

#include "base/nearest_word.h"

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

}  // namespace

bool is_box_scope(std::string_view scope) noexcept {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

std::string nearest_box_scope(std::string_view scope) {
  return base::nearest_word(scope, {scopes.begin(), scopes.end()});
}

}  // namespace valetkey::oauth
