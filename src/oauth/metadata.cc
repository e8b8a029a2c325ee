// SPDX-License-Identifier: Apache-2.0
#include "oauth/metadata.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "oauth/error_response.h"
#include "oauth/secret_json.h"
#include "oauth/url_rules.h"

namespace valetkey::oauth {
namespace {

constexpr JsonSource source{.what = "server metadata", .bytes_max = base::metadata_bytes_max};
constexpr std::string_view hint =
    "check issuer in the provider's configuration: it has to be spelt exactly as the server "
    "publishes it";

Failure refuse(std::string_view complaint) {
  return fail(Errc::malformed_response, "server metadata: " + std::string(complaint),
              std::string(hint));
}

/// The server is as it should be, and what we were told of it is not.
Failure mistaken(std::string_view complaint) {
  return fail(Errc::misconfigured, "server metadata: " + std::string(complaint), std::string(hint));
}

Result<void> read_endpoint(const boost::json::object& body, std::string_view name,
                           std::string& to) {
  auto text = find_text(body, name, source);
  if (!text) return failure_of(std::move(text));
  if (text->empty()) return {};
  // Rule S4, for addresses that a stranger names as for those in the configuration.
  if (!is_endpoint_url(*text)) {
    return refuse(std::string(name) + " is not an https URL (http is for loopback alone)");
  }
  to = *text;
  return {};
}

Result<void> read_list(const boost::json::object& body, std::string_view name,
                       std::vector<std::string>& to) {
  auto texts = find_texts(body, name, source);
  if (!texts) return failure_of(std::move(texts));
  to = std::move(*texts);
  return {};
}

Result<void> read_members(const boost::json::object& body, Metadata& metadata) {
  const std::pair<std::string_view, std::string*> endpoints[] = {
      {"token_endpoint", &metadata.token_endpoint},
      {"revocation_endpoint", &metadata.revocation_endpoint},
      {"introspection_endpoint", &metadata.introspection_endpoint}};
  for (const auto& [name, member] : endpoints) {
    if (auto read = read_endpoint(body, name, *member); !read) return read;
  }
  if (auto read = read_list(body, "grant_types_supported", metadata.grant_types); !read) {
    return read;
  }
  return read_list(body, "token_endpoint_auth_methods_supported", metadata.token_auth_methods);
}

}  // namespace

std::vector<std::string> metadata_urls(std::string_view issuer) {
  const auto scheme = issuer.find(':');
  if (scheme == 0 || scheme == std::string_view::npos) return {};
  const auto after = issuer.substr(scheme);
  if (!after.starts_with("://") || after.starts_with(":///")) return {};
  const auto slash = std::min(issuer.find('/', scheme + 3), issuer.size());
  const std::string origin(issuer.substr(0, slash));
  std::string path(issuer.substr(slash));
  // RFC 8414 §3.1, OpenID Connect Discovery §4.1: a slash at the end of the issuer goes first.
  while (path.ends_with('/'))
    path.pop_back();
  // RFC 8414 §3.1: the well-known part goes between the host and the issuer's path.
  return {origin + "/.well-known/oauth-authorization-server" + path,
          origin + path + "/.well-known/openid-configuration"};
}

Result<Metadata> parse_metadata(const HttpResponse& response, std::string_view issuer) {
  // RFC 8414 §3: where the issuer is right, there is a document.
  if (response.status == 404) return mistaken("there is no document (HTTP 404)");
  if (response.status < 200 || response.status > 299) {
    Profile nobody;
    nobody.type = ProviderType::oauth2;
    return fail(parse_error_response(response, nobody, Operation::metadata));
  }
  const auto body = parse_secret_json(response.body, source);
  if (!body) return fail(body.error());
  auto named = find_text(*body, "issuer", source);
  if (!named) return failure_of(std::move(named));
  // RFC 8414 §3.3: identical, or the document must not be used.
  if (*named != issuer) return mistaken("the document is that of another issuer");
  Metadata metadata;
  metadata.issuer = issuer;
  if (auto read = read_members(*body, metadata); !read) return failure_of(std::move(read));
  if (metadata.token_endpoint.empty()) return refuse("token_endpoint is missing");
  return metadata;
}

void apply_metadata(Profile& profile, const Metadata& metadata, bool auth_method_is_configured) {
  profile.issuer = metadata.issuer;
  profile.token_endpoint = metadata.token_endpoint;
  profile.revocation_endpoint = metadata.revocation_endpoint;
  profile.introspection_endpoint = metadata.introspection_endpoint;
  if (auth_method_is_configured) return;

  // RFC 8414 §2: without the member it is client_secret_basic.
  auto offered = metadata.token_auth_methods;
  if (offered.empty()) offered.emplace_back("client_secret_basic");
  const auto is_offered = [&](ClientAuthMethod method) {
    return std::find(offered.begin(), offered.end(), name_of(method)) != offered.end();
  };
  if (is_offered(profile.client_auth)) return;
  constexpr std::array by_preference = {ClientAuthMethod::client_secret_basic,
                                        ClientAuthMethod::client_secret_post,
                                        ClientAuthMethod::private_key_jwt, ClientAuthMethod::none};
  const auto* const found = std::find_if(by_preference.begin(), by_preference.end(), is_offered);
  if (found != by_preference.end()) profile.client_auth = *found;
}

}  // namespace valetkey::oauth
