// SPDX-License-Identifier: Apache-2.0
#include "emulator/scopes.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "base/text.h"

namespace valetkey::emulator {
namespace {

using Words = std::set<std::string_view>;

const Words& content_scopes() {
  static const Words words = {
      "base_explorer",   "base_picker",         "base_preview",        "base_sidebar",
      "base_upload",     "item_preview",        "item_download",       "item_upload",
      "item_rename",     "item_delete",         "item_share",          "item_comment",
      "item_task",       "item_read",           "item_readwrite",      "item_execute_integration",
      "annotation_edit", "annotation_view_all", "annotation_view_self"};
  return words;
}

// What is left of the above to someone who may only read.
const Words& reading_scopes() {
  static const Words words = {"base_explorer", "base_picker",         "base_preview",
                              "base_sidebar",  "item_preview",        "item_download",
                              "item_read",     "annotation_view_all", "annotation_view_self"};
  return words;
}

bool holds(const std::vector<std::string>& held, std::string_view scope) {
  return std::find(held.begin(), held.end(), scope) != held.end();
}

bool holds_any(const std::vector<std::string>& held,
               std::initializer_list<std::string_view> scopes) {
  return std::any_of(scopes.begin(), scopes.end(),
                     [&](std::string_view scope) { return holds(held, scope); });
}

}  // namespace

const std::vector<std::string>& app_scopes() {
  static const std::vector<std::string> scopes = {
      "ai.readwrite",  "manage_app_users",     "manage_enterprise_properties",
      "manage_groups", "manage_managed_users", "manage_webhook",
      "root_readonly", "root_readwrite",       "sign_requests.readwrite"};
  return scopes;
}

bool is_known_scope(std::string_view scope) {
  static const Words others = {"manage_data_retention", "manage_triggers", "manage_legal_holds",
                               "enterprise_content"};
  return content_scopes().contains(scope) || others.contains(scope) || holds(app_scopes(), scope);
}

bool may_narrow_to(const std::vector<std::string>& held, std::string_view wanted) {
  if (holds(held, wanted)) return true;
  if (holds(held, "root_readwrite")) {
    return wanted == "root_readonly" || content_scopes().contains(wanted);
  }
  return holds(held, "root_readonly") && reading_scopes().contains(wanted);
}

bool permits(const std::vector<std::string>& held, Operation operation) {
  switch (operation) {
    case Operation::read_item:
      return holds_any(held, {"root_readonly", "root_readwrite"}) ||
             std::any_of(held.begin(), held.end(), [](const std::string& scope) {
               return scope.starts_with("base_") || scope.starts_with("item_") ||
                      scope.starts_with("annotation_");
             });
    case Operation::list_folder:
      return holds_any(held, {"root_readonly", "root_readwrite", "base_explorer", "base_picker"});
    case Operation::download:
      return holds_any(held, {"root_readonly", "root_readwrite", "item_download"});
    case Operation::rename:
      return holds_any(held, {"root_readwrite", "item_rename"});
    case Operation::erase:
      return holds_any(held, {"root_readwrite", "item_delete"});
    case Operation::upload:
      return holds_any(held, {"root_readwrite", "base_upload", "item_upload"});
    case Operation::make_folder:
      return holds_any(held, {"root_readwrite"});
    case Operation::share:
      return holds_any(held, {"root_readwrite", "item_share"});
    case Operation::manage_users:
      return holds_any(held, {"manage_managed_users", "manage_app_users"});
    case Operation::read_enterprise_events:
      return holds_any(held, {"manage_enterprise_properties"});
  }
  return false;
}

std::vector<std::string> parse_scopes(std::string_view text) {
  std::set<std::string> words;
  for (const auto word : base::split(text, ' '))
    words.emplace(word);
  return {words.begin(), words.end()};
}

}  // namespace valetkey::emulator
