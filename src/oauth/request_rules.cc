// SPDX-License-Identifier: Apache-2.0
#include "oauth/request_rules.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "oauth/box_scopes.h"
#include "oauth/url_rules.h"

namespace valetkey::oauth {
namespace {

constexpr std::string_view box_api = "https://api.box.com";
constexpr std::string_view resource_hint =
    "write files/ID or folders/ID, or the item's API address https://api.box.com/2.0/files/ID";

Failure refuse(std::string context, std::string hint) {
  return fail(Errc::invalid_argument, std::move(context), std::move(hint));
}

std::string quoted(std::string_view text) {
  return "\"" + base::printable(text, 80) + "\"";
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7F;
  });
}

/// RFC 3629 §4: no byte out of place, no surrogate, nothing longer than needed.
bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = byte(at++);
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    const std::size_t follow = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (at + follow > text.size()) return false;
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(at) < low || byte(at) > high) return false;
    for (std::size_t next = 1; next < follow; ++next) {
      if ((byte(at + next) & 0xC0U) != 0x80) return false;
    }
    at += follow;
  }
  return true;
}

Result<void> check_words(std::string_view what, std::string_view text) {
  if (text.size() > base::subject_id_bytes_max) {
    return refuse(std::string(what) + " is longer than " +
                      std::to_string(base::subject_id_bytes_max) + " bytes",
                  "shorten it");
  }
  if (has_control_character(text) || !is_utf8(text)) {
    return refuse(std::string(what) + " holds control characters or is not UTF-8",
                  "use printable text");
  }
  return {};
}

/// Whether the grant lets a request choose on whose behalf the token is.
bool chooses_subject(const Profile& profile) {
  if (profile.grant == Grant::jwt) return true;
  return profile.grant == Grant::client_credentials && profile.type == ProviderType::box;
}

Subject resolved(const Profile& profile, Subject subject) {
  if (subject.type == SubjectType::configured) {
    subject = profile.default_subject;
    if (subject.type == SubjectType::configured) {
      const bool of_enterprise = profile.type == ProviderType::box && chooses_subject(profile);
      subject = {of_enterprise ? SubjectType::enterprise : SubjectType::client, {}};
    }
  }
  if (subject.type == SubjectType::enterprise && subject.id.empty()) {
    subject.id = profile.enterprise_id;
  }
  if (subject.type == SubjectType::client) subject.id.clear();
  return subject;
}

Result<void> check_box_subject(const Profile& profile, const Subject& subject) {
  if (subject.type == SubjectType::client) {
    if (!chooses_subject(profile)) return {};
    return refuse("Box gives no token to the client itself",
                  "name a user or an enterprise, or set enterprise_id of the provider");
  }
  if (!base::all_digits(subject.id)) {
    const bool is_user = subject.type == SubjectType::user;
    if (subject.id.empty()) {
      return refuse(is_user ? "the user id is empty" : "no enterprise id is known",
                    is_user ? "name the user by the digits of its Box id"
                            : "set enterprise_id in the provider's configuration, or name one");
    }
    return refuse(quoted(subject.id) + " is no Box id", "Box ids are digits, such as 12345678");
  }
  return {};
}

Result<void> check_subject(const Profile& profile, const Subject& subject) {
  if (auto words = check_words("the subject id", subject.id); !words) return words;
  // A token that was there before us has the subject that it has; a client's own has none.
  const bool is_of_configured =
      profile.grant != Grant::client_credentials && subject == resolved(profile, {});
  if (!chooses_subject(profile) && subject.type != SubjectType::client && !is_of_configured) {
    return refuse("the grant " + std::string(name_of(profile.grant)) +
                      " of this provider cannot choose whose token it gives",
                  "leave out the subject, or use a provider with the jwt grant");
  }
  if (profile.type == ProviderType::box) return check_box_subject(profile, subject);
  if (subject.type == SubjectType::enterprise) {
    return refuse("enterprises are Box's; this provider is plain OAuth 2.0",
                  "leave out the subject, or name a user");
  }
  if (subject.type == SubjectType::user && subject.id.empty()) {
    return refuse("the user id is empty", "name the user, or leave out the subject");
  }
  return {};
}

bool is_scope_token(std::string_view scope) {
  // RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
  return !scope.empty() && std::all_of(scope.begin(), scope.end(), [](char letter) {
    return letter > ' ' && letter <= '~' && letter != '"' && letter != '\\';
  });
}

Result<void> check_scope(const Profile& profile, const std::string& scope) {
  if (scope.size() > base::scope_bytes_max) {
    return refuse("a scope is longer than " + std::to_string(base::scope_bytes_max) + " bytes",
                  "give each scope on its own");
  }
  if (!is_scope_token(scope)) {
    return refuse("the scope " + quoted(scope) + " is empty or holds characters that no scope has",
                  "give each scope on its own, without spaces, quotes or backslashes");
  }
  if (profile.type != ProviderType::box || is_box_scope(scope)) return {};
  const auto& extra = profile.extra_scopes;
  if (std::find(extra.begin(), extra.end(), scope) != extra.end()) return {};
  const auto nearest = nearest_box_scope(scope);
  return refuse("Box knows no scope " + quoted(scope),
                nearest.empty() ? "add it to extra_scopes of the provider if Box does have it"
                                : "did you mean " + nearest + "?");
}

Result<void> normalise_scopes(const Profile& profile, std::vector<std::string>& scopes) {
  for (const auto& scope : scopes) {
    if (auto checked = check_scope(profile, scope); !checked) return checked;
  }
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  if (scopes.size() > base::scopes_max) {
    return refuse("more than " + std::to_string(base::scopes_max) + " scopes", "ask for fewer");
  }
  return {};
}

std::string_view below_api(std::string_view resource, std::string_view base) {
  constexpr std::string_view version = "/2.0/";
  if (base.empty() || !resource.starts_with(base)) return {};
  resource.remove_prefix(base.size());
  if (!resource.starts_with(version)) return {};
  return resource.substr(version.size());
}

Result<void> normalise_box_resource(const Profile& profile, std::string& resource) {
  std::string_view path = resource;
  for (const std::string_view base : {box_api, std::string_view(profile.api_base)}) {
    if (const auto below = below_api(resource, base); !below.empty()) path = below;
  }
  if (const auto item = find_box_item(path)) {
    resource = std::string(box_api) + "/2.0/" + item->kind + "/" + item->id;
    return {};
  }
  if (const auto shown = find_web_app_item(resource)) {
    return refuse(quoted(resource) + " is an address of Box's web application, not of its API",
                  "write " + shown->kind + "/" + shown->id);
  }
  if (resource.contains("box.com/s/")) {
    return refuse(quoted(resource) + " is a shared link, not a resource", "give it as shared link");
  }
  return refuse("the resource " + quoted(resource) + " is no Box file or folder",
                std::string(resource_hint));
}

Result<void> normalise_box_restriction(const Profile& profile, TokenRequest& request) {
  if (!request.audience.empty()) {
    return refuse("Box knows no audience", "restrict by scopes and a resource instead");
  }
  if (request.restricted() && request.scopes.empty()) {
    return refuse("Box narrows a token by scopes, and none is named",
                  "name at least one scope, such as base_preview or item_download");
  }
  if (!request.resource.empty() && !request.shared_link.empty()) {
    return refuse("a resource and a shared link exclude each other", "name one of them");
  }
  if (!request.resource.empty()) {
    auto resource = normalise_box_resource(profile, request.resource);
    if (!resource) return resource;
  }
  if (!request.shared_link.empty() && !is_endpoint_url(request.shared_link)) {
    return refuse("the shared link is not an https URL",
                  "write it as Box shows it: https://app.box.com/s/...");
  }
  return {};
}

Result<void> check_plain_restriction(const Profile& profile, const TokenRequest& request) {
  if (!request.shared_link.empty()) {
    return refuse("shared links are Box's; this provider is plain OAuth 2.0", "name a resource");
  }
  // RFC 8707 §2: an absolute URI, and no fragment.
  if (!request.resource.empty() && !is_resource_uri(request.resource)) {
    return refuse("the resource is not an absolute URI without a fragment",
                  "write it as https://api.example.com/files/1");
  }
  if (!request.actor.id.empty() && profile.narrowing == Narrowing::request) {
    return refuse("this provider takes no actor", "set narrow = \"exchange\" if it does");
  }
  return {};
}

/// Where a restriction could only be asked for in the token request, and that cannot carry it, the
/// full token would come back and pass for a narrow one.
Result<void> check_narrowing(const Profile& profile, const TokenRequest& request) {
  const bool carries =
      profile.type == ProviderType::oauth2 && profile.grant != Grant::developer_token;
  if (!request.restricted() || profile.narrowing == Narrowing::exchange || carries) return {};
  return refuse("this provider's grant " + std::string(name_of(profile.grant)) +
                    " cannot ask for a narrower token",
                "set narrow = \"exchange\" for the provider, or ask for the full token");
}

Result<void> check_names(const TokenRequest& request) {
  const std::pair<std::string_view, std::string_view> names[] = {
      {"the audience", request.audience},
      {"the actor's id", request.actor.id},
      {"the actor's name", request.actor.name}};
  for (const auto& [what, text] : names) {
    if (auto words = check_words(what, text); !words) return words;
  }
  if (request.actor.id.empty() && !request.actor.name.empty()) {
    return refuse("the actor has a name and no id", "name the actor's id too");
  }
  return {};
}

}  // namespace

Result<TokenRequest> normalised(const Profile& profile, TokenRequest request) {
  request.provider = profile.name;
  request.subject = resolved(profile, std::move(request.subject));
  if (auto subject = check_subject(profile, request.subject); !subject) {
    return failure_of(std::move(subject));
  }
  if (auto scopes = normalise_scopes(profile, request.scopes); !scopes) {
    return failure_of(std::move(scopes));
  }
  if (auto names = check_names(request); !names) return failure_of(std::move(names));
  if (auto narrowing = check_narrowing(profile, request); !narrowing) {
    return failure_of(std::move(narrowing));
  }
  auto restriction = profile.type == ProviderType::box ? normalise_box_restriction(profile, request)
                                                       : check_plain_restriction(profile, request);
  if (!restriction) return failure_of(std::move(restriction));
  if (request.min_life < std::chrono::seconds::zero()) request.min_life = std::chrono::seconds(0);
  return request;
}

}  // namespace valetkey::oauth
