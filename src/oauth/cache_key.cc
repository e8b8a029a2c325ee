// SPDX-License-Identifier: Apache-2.0
#include "oauth/request_rules.h"

namespace valetkey::oauth {
namespace {

/// "5:alpha": where a field ends is told by its length, so no byte within it can move the border.
void append_field(std::string& key, std::string_view field) {
  key += std::to_string(field.size());
  key += ':';
  key += field;
}

std::string_view type_of(const Subject& subject) noexcept {
  switch (subject.type) {
    case SubjectType::configured:
      return "configured";
    case SubjectType::client:
      return "client";
    case SubjectType::enterprise:
      return "enterprise";
    case SubjectType::user:
      return "user";
  }
  return "configured";
}

}  // namespace

std::string provider_key(const Profile& profile) {
  std::string key = "vk2";
  append_field(key, profile.name);
  // Which server, not only what it is called here: a cache may be shared with a host that calls
  // another one by the same name.
  append_field(key, profile.issuer.empty() ? profile.token_endpoint : profile.issuer);
  append_field(key, profile.client_id);
  return key;
}

std::string cache_key(const Profile& profile, const TokenRequest& request) {
  std::string key = provider_key(profile);
  append_field(key, type_of(request.subject));
  append_field(key, request.subject.id);
  append_field(key, std::to_string(request.scopes.size()));
  for (const auto& scope : request.scopes)
    append_field(key, scope);
  append_field(key, request.resource);
  append_field(key, request.shared_link);
  append_field(key, request.audience);
  append_field(key, request.actor.id);
  append_field(key, request.actor.name);
  return key;
}

TokenRequest parent_request(const TokenRequest& request) {
  TokenRequest parent;
  parent.provider = request.provider;
  parent.subject = request.subject;
  parent.min_life = request.min_life;  // a child lives no longer than its parent (rule D1)
  return parent;
}

}  // namespace valetkey::oauth
