// SPDX-License-Identifier: Apache-2.0
#include "oauth/url_rules.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/limits.h"
#include "base/text.h"

namespace valetkey::oauth {
namespace {

namespace urls = boost::urls;

std::optional<urls::url_view> find_absolute(std::string_view text) {
  if (text.empty() || text.size() > base::url_bytes_max) return std::nullopt;
  const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!parsed || parsed->has_fragment()) return std::nullopt;
  // SECURITY: Boost.URL 1.81 reads 127.0.0.1.example.com as the host 127.0.0.1 and a path that
  // begins with a dot. RFC 3986 §3.3: after an authority a path is empty or begins with a slash.
  const auto path = parsed->encoded_path();
  if (parsed->has_authority() && !path.empty() && path.front() != '/') return std::nullopt;
  return *parsed;
}

bool is_loopback(const urls::url_view& url) {
  if (url.host_type() == urls::host_type::ipv4) return url.host_ipv4_address().is_loopback();
  if (url.host_type() == urls::host_type::ipv6) return url.host_ipv6_address().is_loopback();
  const auto host = url.encoded_host();
  return base::equal_ignoring_case({host.data(), host.size()}, "localhost");
}

std::optional<BoxItem> find_item_named(std::string_view path, std::string_view files,
                                       std::string_view folders) {
  for (const auto prefix : {files, folders}) {
    if (!path.starts_with(prefix)) continue;
    const auto id = path.substr(prefix.size());
    if (id.size() > base::subject_id_bytes_max || !base::all_digits(id)) return std::nullopt;
    return BoxItem{prefix == files ? "files" : "folders", std::string(id)};
  }
  return std::nullopt;
}

}  // namespace

bool is_endpoint_url(std::string_view url) {
  const auto parsed = find_absolute(url);
  if (!parsed || parsed->has_userinfo() || parsed->host().empty()) return false;
  if (parsed->scheme_id() == urls::scheme::https) return true;
  return parsed->scheme_id() == urls::scheme::http && is_loopback(*parsed);
}

bool is_resource_uri(std::string_view uri) {
  const auto parsed = find_absolute(uri);
  return parsed && !parsed->has_userinfo();
}

std::optional<BoxItem> find_box_item(std::string_view path) {
  return find_item_named(path, "files/", "folders/");
}

std::optional<BoxItem> find_web_app_item(std::string_view url) {
  const auto parsed = find_absolute(url);
  if (!parsed) return std::nullopt;
  const std::string host = parsed->host();
  if (host != "box.com" && !host.ends_with(".box.com")) return std::nullopt;
  const std::string path(parsed->encoded_path().data(), parsed->encoded_path().size());
  return find_item_named(path, "/file/", "/folder/");
}

}  // namespace valetkey::oauth
