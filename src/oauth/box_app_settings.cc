// SPDX-License-Identifier: Apache-2.0
#include "oauth/box_app_settings.h"

#include <boost/json/value.hpp>

#include "base/limits.h"
#include "oauth/secret_json.h"

namespace valetkey::oauth {
namespace {

namespace json = boost::json;

constexpr JsonSource source{.code = Errc::misconfigured,
                            .what = "Box app settings",
                            .bytes_max = base::secret_file_bytes_max};

Failure refuse(const std::string& member, std::string_view complaint) {
  return fail(Errc::misconfigured, "Box app settings: " + member + " " + std::string(complaint),
              "download the file again: Box developer console, Configuration, App Settings, "
              "Download as JSON");
}

/// Reads the members of one object, by their full names.
class MemberReader {
 public:
  MemberReader(const json::object& object, std::string place)
      : object_(object), place_(std::move(place)) {}

  Result<MemberReader> object(std::string_view name) const {
    const auto* const found = find_member(object_, name);
    if (found == nullptr) return refuse(full(name), "is missing");
    if (!found->is_object()) return refuse(full(name), "is not an object");
    return MemberReader(found->get_object(), full(name) + ".");
  }

  Result<void> required(std::string_view name, std::string& to) const {
    return read(name, true, [&](std::string_view text) { to = text; });
  }
  Result<void> optional(std::string_view name, std::string& to) const {
    return read(name, false, [&](std::string_view text) { to = text; });
  }
  Result<void> required(std::string_view name, Secret& to) const {
    return read(name, true, [&](std::string_view text) { to = Secret(text); });
  }
  Result<void> optional(std::string_view name, Secret& to) const {
    return read(name, false, [&](std::string_view text) { to = Secret(text); });
  }

 private:
  template <class Set>
  Result<void> read(std::string_view name, bool is_required, Set&& set) const {
    const auto* const found = find_member(object_, name);
    if (found == nullptr && !is_required) return {};
    if (found == nullptr) return refuse(full(name), "is missing");
    if (!found->is_string()) return refuse(full(name), "is not a string");
    const auto text = text_in(*found);
    if (text.empty() && is_required) return refuse(full(name), "is empty");
    if (text.find('\0') != std::string_view::npos) return refuse(full(name), "holds a NUL");
    set(text);
    return {};
  }

  std::string full(std::string_view name) const { return place_ + std::string(name); }

  const json::object& object_;
  std::string place_;
};

Result<void> read_app(const MemberReader& app, BoxAppSettings& settings) {
  if (auto read = app.required("clientID", settings.client_id); !read) return read;
  if (auto read = app.required("clientSecret", settings.client_secret); !read) return read;
  auto auth = app.object("appAuth");
  if (!auth) return failure_of(std::move(auth));
  if (auto read = auth->required("publicKeyID", settings.key_id); !read) return read;
  if (auto read = auth->required("privateKey", settings.private_key); !read) return read;
  return auth->optional("passphrase", settings.passphrase);
}

}  // namespace

Result<BoxAppSettings> parse_box_app_settings(const Secret& text) {
  const auto body = parse_secret_json(text, source);
  if (!body) return fail(body.error());
  const MemberReader root(*body, "");
  auto app = root.object("boxAppSettings");
  if (!app) return failure_of(std::move(app));
  BoxAppSettings settings;
  if (auto read = read_app(*app, settings); !read) return failure_of(std::move(read));
  if (auto read = root.optional("enterpriseID", settings.enterprise_id); !read) {
    return failure_of(std::move(read));
  }
  if (auto read = root.optional("userID", settings.user_id); !read) {
    return failure_of(std::move(read));
  }
  return settings;
}

}  // namespace valetkey::oauth
