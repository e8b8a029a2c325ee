// SPDX-License-Identifier: Apache-2.0
#include "api/config_checks.h"

#include <algorithm>
#include <utility>

#include "api/config_host_checks.h"
#include "api/config_shared_checks.h"
#include "base/limits.h"
#include "base/nearest_word.h"
#include "base/text.h"
#include "crypto/signing_key.h"
#include "http/origin.h"
#include "oauth/profile.h"
#include "secrets/secret_ref.h"

namespace valetkey::api {
namespace {

const std::vector<std::string> grants = {"client_credentials", "jwt", "developer_token",
                                         "refresh_token"};
const std::vector<std::string> auth_methods = {"client_secret_post", "client_secret_basic",
                                               "private_key_jwt", "none"};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  });
}

// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
bool is_scope(std::string_view scope) {
  return !scope.empty() && scope.size() <= base::scope_bytes_max &&
         std::all_of(scope.begin(), scope.end(), [](char letter) {
           return letter > ' ' && letter <= '~' && letter != '"' && letter != '\\';
         });
}

/// Checks one provider; each rule is a short function, so that a missing rule can be seen.
class ProviderChecks {
 public:
  ProviderChecks(const Config& config, const ProviderConfig& provider,
                 std::vector<Mistake>& mistakes)
      : config_(config), provider_(provider), mistakes_(mistakes) {}

  void run() {
    check_name();
    check_words();
    check_texts();
    check_scopes();
    check_urls();
    check_sources();
    if (provider_.type == "box") check_box();
    if (provider_.type == "oauth2") check_oauth2();
    check_key_words();
    check_grant();
    check_developer_token();
  }

 private:
  void note(std::string_view key, std::string what, std::string remedy) {
    mistakes_.push_back(mistake_at(config_, provider_, key, std::move(what), std::move(remedy)));
  }

  void check_word(std::string_view key, const std::string& word,
                  const std::vector<std::string>& allowed) {
    if (word.empty() || std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return;
    const std::string nearest = base::nearest_word(word, allowed);
    note(key, std::string(key) + " = \"" + base::printable(word, 60) + "\" is unknown",
         nearest.empty() ? "write one of: " + base::joined(allowed, ", ")
                         : "did you mean \"" + nearest + "\"?");
  }

  void check_name() {
    const std::string& name = provider_.name;
    if (name.empty() || name.size() > base::provider_name_bytes_max || has_control(name)) {
      note("", "a provider's name is empty, too long or not printable",
           "write a short word, as in [provider.box]");
    }
    const auto same = [&](const ProviderConfig& other) { return other.name == name; };
    const auto first = std::find_if(config_.providers.begin(), config_.providers.end(), same);
    if (&*first != &provider_) {
      note("", "two providers are called " + base::printable(name, 60), "rename one of them");
    }
  }

  void check_texts() {
    for (const auto& [key, value] : {std::pair{"app_config", &provider_.app_config},
                                     {"client_id", &provider_.client_id},
                                     {"key_id", &provider_.key_id}}) {
      if (has_control(*value)) {
        note(key, std::string(key) + " holds a control character", "write it again by hand");
      }
    }
    if (provider_.type != "box") return;
    for (const auto& [key, value] :
         {std::pair{"enterprise_id", &provider_.enterprise_id}, {"user_id", &provider_.user_id}}) {
      if (value->empty()) continue;
      if (!base::all_digits(*value) || value->size() > base::subject_id_bytes_max) {
        note(key, std::string(key) + " is not a number, as Box's are",
             "copy it from Box's administration console");
      }
    }
  }

  void check_scopes() {
    if (provider_.extra_scopes.size() > base::scopes_max) {
      note("extra_scopes", "extra_scopes names more than 100 scopes", "name fewer");
    }
    if (!std::all_of(provider_.extra_scopes.begin(), provider_.extra_scopes.end(), is_scope)) {
      note("extra_scopes", "extra_scopes holds what is no scope",
           "write each scope on its own, without spaces, quotes or backslashes");
    }
  }

  void check_words() {
    if (provider_.type.empty()) note("type", "type is empty", "write type = \"box\"");
    check_word("type", provider_.type, {"box", "oauth2"});
    check_word("grant", provider_.grant, grants);
    check_word("client_auth", provider_.client_auth, auth_methods);
    check_word("narrow", provider_.narrow, {"exchange", "request"});
    if (!provider_.algorithm.empty() && !crypto::find_algorithm(provider_.algorithm)) {
      note("algorithm", "algorithm is unknown",
           "write one of: RS256, RS384, RS512, PS256, ES256, ES384, EdDSA");
    }
    if (provider_.grant.empty()) {
      note("grant", "grant is missing",
           "write grant = \"client_credentials\" (or jwt, developer_token, refresh_token)");
    }
  }

  void check_url(std::string_view key, const std::string& url) {
    if (url.empty()) return;
    if (auto checked = http::check_upstream_url(url); !checked) {
      note(key, std::string(key) + ": " + checked.error().context, checked.error().hint);
    } else if (url.contains('?')) {
      // RFC 8414 §2 of the issuer; and nothing can be appended to the others.
      note(key, std::string(key) + " has a query (?...)", "remove it, from the ? on");
    }
  }

  void check_urls() {
    check_url("base_url", provider_.base_url);
    check_url("upload_url", provider_.upload_url);
    check_url("issuer", provider_.issuer);
    check_url("api_url", provider_.api_url);
  }

  void check_source(std::string_view key, const std::string& source) {
    auto parsed = secrets::parse_secret_ref(source, directory_of(config_));
    if (!parsed) {
      note(key, std::string(key) + ": " + parsed.error().context, parsed.error().hint);
    }
  }

  void check_sources() {
    for (const auto& source : provider_.client_secret)
      check_source("client_secret", source);
    if (provider_.client_secret.size() > 2) {
      note("client_secret", "client_secret names more than two sources",
           "keep the new and the old one; two are enough to rotate");
    }
    for (const auto& [key, source] : {std::pair{"private_key", &provider_.private_key},
                                      {"private_key_passphrase", &provider_.private_key_passphrase},
                                      {"developer_token", &provider_.developer_token},
                                      {"refresh_token", &provider_.refresh_token}}) {
      if (!source->empty()) check_source(key, *source);
    }
  }

  void require(std::string_view key, bool is_there, std::string_view why,
               std::string_view example) {
    if (is_there) return;
    note(key, std::string(key) + " is missing" + (why.empty() ? "" : ", and ") + std::string(why),
         "write " + std::string(example));
  }

  void check_box() {
    for (const auto& [key, value] :
         {std::pair{"issuer", &provider_.issuer}, {"api_url", &provider_.api_url}}) {
      if (!value->empty()) {
        note(key, std::string(key) + " is for type = \"oauth2\" and type is \"box\"",
             "write type = \"oauth2\", or remove it");
      }
    }
    const bool is_known = std::find(auth_methods.begin(), auth_methods.end(),
                                    provider_.client_auth) != auth_methods.end();
    if (is_known && provider_.client_auth != "client_secret_post") {
      note("client_auth", "client_auth = \"" + provider_.client_auth + "\" is refused by Box",
           "remove it; Box takes client_secret_post alone");
    }
  }

  void check_key_words() {
    if (!provider_.private_key.empty() || !provider_.app_config.empty()) return;
    for (const auto& [key, value] :
         {std::pair{"private_key_passphrase", &provider_.private_key_passphrase},
          {"key_id", &provider_.key_id},
          {"algorithm", &provider_.algorithm}}) {
      if (!value->empty()) {
        note(key, std::string(key) + " is of a private key, and none is named",
             "write private_key = \"file:/path/of/a/0600/file\", or remove it");
      }
    }
  }

  void check_oauth2() {
    require("issuer", !provider_.issuer.empty(), "type = \"oauth2\" finds its endpoints by it",
            "issuer = \"https://...\"");
    for (const auto& [key, value] : {std::pair{"app_config", &provider_.app_config},
                                     {"base_url", &provider_.base_url},
                                     {"upload_url", &provider_.upload_url},
                                     {"enterprise_id", &provider_.enterprise_id},
                                     {"user_id", &provider_.user_id}}) {
      if (!value->empty()) {
        note(key, std::string(key) + " is Box's and type is \"oauth2\"",
             "remove it, or write type = \"box\"");
      }
    }
  }

  void check_grant() {
    const bool is_box = provider_.type == "box";
    const bool has_app = !provider_.app_config.empty();
    if (provider_.grant == "client_credentials") {
      require("client_id", !provider_.client_id.empty() || has_app, "every token request needs it",
              "client_id = \"...\"");
      if (is_box) {
        require("client_secret", !provider_.client_secret.empty() || has_app,
                "grant = \"client_credentials\" needs it",
                "client_secret = \"file:/path/of/a/0600/file\"");
        require("enterprise_id",
                !provider_.enterprise_id.empty() || !provider_.user_id.empty() || has_app,
                "Box needs a subject", "enterprise_id = \"...\" (or user_id)");
      } else {
        check_client_authentication();
      }
    } else if (provider_.grant == "jwt") {
      check_jwt(is_box, has_app);
    } else if (provider_.grant == "refresh_token") {
      require("client_id", !provider_.client_id.empty(), "every token request needs it",
              "client_id = \"...\"");
      check_refresh_token();
      if (is_box) {
        require("client_secret", !provider_.client_secret.empty(), "Box wants it beside the token",
                "client_secret = \"file:/path/of/a/0600/file\"");
      } else {
        check_client_authentication();
      }
    } else if (provider_.grant == "developer_token") {
      require("developer_token", !provider_.developer_token.empty(),
              "grant = \"developer_token\" needs it",
              "developer_token = \"file:/path/of/a/0600/file\"");
    }
  }

  void check_refresh_token() {
    const std::string why = "each use brings a new one that must be written down";
    const std::string example = "refresh_token = \"file:/path/of/a/0600/file\"";
    require("refresh_token", !provider_.refresh_token.empty(), why, example);
    auto parsed = secrets::parse_secret_ref(provider_.refresh_token, directory_of(config_));
    if (parsed && parsed->kind != secrets::SourceKind::file) {
      note("refresh_token", "refresh_token is not in a file, and " + why, "write " + example);
    }
  }

  void check_client_authentication() {
    const bool has_key = !provider_.private_key.empty();
    const bool has_secret = !provider_.client_secret.empty();
    const std::string& way = provider_.client_auth;
    if (way == "private_key_jwt") {
      require("private_key", has_key, "client_auth = \"private_key_jwt\" signs with it",
              "private_key = \"file:/path/of/a/0600/file\"");
    } else if (way.starts_with("client_secret_")) {
      require("client_secret", has_secret, "client_auth = \"" + way + "\" sends it",
              "client_secret = \"file:/path/of/a/0600/file\"");
    } else if (way.empty() && !has_key) {
      require("client_secret", has_secret, "the client must prove who it is",
              "client_secret = \"file:/path/of/a/0600/file\" (or private_key)");
    } else if (way == "none" && provider_.grant == "client_credentials") {
      // RFC 6749 §4.4: for confidential clients only.
      note("client_auth", "client_auth = \"none\" cannot have grant = \"client_credentials\"",
           "name a client_secret or a private_key, and remove client_auth");
    }
  }

  void check_jwt(bool is_box, bool has_app) {
    if (has_app) {
      if (!provider_.private_key.empty()) {
        note("private_key", "private_key and app_config both name a key", "keep one of them");
      }
      return;
    }
    require("client_id", !provider_.client_id.empty(), "it is the assertion's issuer",
            "client_id = \"...\" or app_config = \"/path/of/box-app.json\"");
    require("private_key", !provider_.private_key.empty(), "grant = \"jwt\" signs with it",
            is_box ? "app_config = \"/path/of/box-app.json\" or private_key = \"file:...\""
                   : "private_key = \"file:/path/of/a/0600/file\"");
    if (!is_box && !provider_.client_auth.empty()) check_client_authentication();
    if (is_box) {
      require("client_secret", !provider_.client_secret.empty(),
              "Box wants it beside the assertion", "client_secret = \"file:/path/of/a/0600/file\"");
      require("enterprise_id", !provider_.enterprise_id.empty() || !provider_.user_id.empty(),
              "Box needs a subject", "enterprise_id = \"...\" (or user_id)");
    }
  }

  // Rule V1: in every form it can arrive, before anything is sent.
  void check_developer_token() {
    if (config_.environment == Environment::development) return;
    const bool is_asked_for = provider_.grant == "developer_token";
    if (!is_asked_for && provider_.developer_token.empty()) return;
    note(is_asked_for ? "grant" : "developer_token",
         "a developer token is refused: the environment is production",
         "use grant = \"client_credentials\" or \"jwt\"; on a developer's own machine write "
         "environment = \"development\"");
  }

  const Config& config_;
  const ProviderConfig& provider_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

std::string text_of(const Mistake& mistake) {
  std::string text = mistake.file;
  if (mistake.line != 0) text += ":" + std::to_string(mistake.line);
  return text + ": " + mistake.what;
}

Failure failure_of_mistakes(std::vector<Mistake> mistakes) {
  std::string context;
  for (const auto& mistake : mistakes) {
    if (!context.empty()) context += '\n';
    context += text_of(mistake);
  }
  Error error{
      .code = Errc::misconfigured, .context = std::move(context), .hint = mistakes.front().remedy};
  error.mistakes = std::move(mistakes);
  return fail(std::move(error));
}

Mistake mistake_at(const Config& config, const ProviderConfig& provider, std::string_view key,
                   std::string what, std::string remedy) {
  const std::string table = "provider." + provider.name;
  auto line = config.lines.find(table + "." + std::string(key));
  if (line == config.lines.end()) line = config.lines.find(table);
  return {config.path, line == config.lines.end() ? 0 : line->second,
          "[provider." + base::printable(provider.name, 60) + "] " + std::move(what),
          std::move(remedy)};
}

std::string directory_of(const Config& config) {
  const auto slash = config.path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : config.path.substr(0, slash);
}

std::string resolved_path(const Config& config, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return directory_of(config) + "/" + path;
}

std::vector<Mistake> find_mistakes(const Config& config) {
  std::vector<Mistake> mistakes;
  if (config.providers.empty()) {
    mistakes.push_back({config.path, 0, "no provider is configured",
                        "add a [provider.box] table with grant, client_id and client_secret"});
  }
  for (const auto& provider : config.providers)
    ProviderChecks(config, provider, mistakes).run();
  check_host_tables(config, mistakes);
  check_shared_cache(config, mistakes);
  return mistakes;
}

}  // namespace valetkey::api
