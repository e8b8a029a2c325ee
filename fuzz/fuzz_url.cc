// SPDX-License-Identifier: Apache-2.0
// URLs and Box's resources: an accepted one is what it seems, and a Box item has one spelling.

#include "base/text.h"
#include "fuzz/fuzz_input.h"
#include "oauth/metadata.h"
#include "oauth/request_rules.h"
#include "oauth/url_rules.h"

using namespace valetkey;

namespace {

bool names_https(const std::string& url) {
  return base::equal_ignoring_case(url.substr(0, 8), "https://");
}

/// Rule S4, by other means than those of the code under test.
bool names_loopback(const std::string& url) {
  if (!base::equal_ignoring_case(url.substr(0, 7), "http://")) return false;
  const std::string host = url.substr(7, url.find_first_of("/:?", 7) - 7);
  if (host.starts_with('[')) return true;
  const bool dotted = host.find_first_not_of("0123456789.") == std::string::npos;
  return base::equal_ignoring_case(host, "localhost") || (dotted && host.starts_with("127."));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string url(fuzz::Input(data, size).rest());
  if (oauth::is_endpoint_url(url)) {
    VALETKEY_ASSERT(names_https(url) || names_loopback(url));
    VALETKEY_ASSERT(oauth::is_resource_uri(url));
    VALETKEY_ASSERT(!url.contains('#') && !url.contains('\r') && !url.contains('\0'));
    for (const auto& where : oauth::metadata_urls(url)) {
      VALETKEY_ASSERT(where.starts_with(url.substr(0, url.find('/', 8))));
    }
  }
  oauth::Profile profile;
  oauth::apply_box_defaults(profile, "https://api.box.com", "");
  TokenRequest request{.subject = user("1"), .scopes = {"item_download"}, .resource = url};
  const auto made = oauth::normalised(profile, request);
  if (!made) return fuzz::check_error(made.error()), 0;
  constexpr std::string_view api = "https://api.box.com/2.0/";
  VALETKEY_ASSERT(url.empty() || made->resource.starts_with(api));
  VALETKEY_ASSERT(url.empty() || oauth::find_box_item(made->resource.substr(api.size())));
  return 0;
}
