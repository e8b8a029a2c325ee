// SPDX-License-Identifier: Apache-2.0
#include "cli/token_options.h"

#include <utility>

#include "base/text.h"
#include "cli/open_client.h"
#include "cli/option_checks.h"

namespace valetkey::cli {
void TokenOptions::add_subject(CLI::App& app) {
  CLI::Option* const user_option =
      app.add_option("--user", user, "on behalf of that user")->type_name("ID")->check(not_empty());
  // Its value may be left out, so that it is read as text and its presence apart from it.
  app.add_option_function<std::vector<std::string>>(
         "--enterprise",
         [this](const std::vector<std::string>& values) {
           of_enterprise = true;
           if (!values.empty()) enterprise = values.front();
         },
         "on behalf of the enterprise; default: the configured one")
      ->expected(0, 1)
      ->type_name("ID")
      ->excludes(user_option);
}

void TokenOptions::add_restriction(CLI::App& app) {
  app.add_option("--scope", scopes, "a scope that the token is to have; may be repeated")
      ->type_name("SCOPE")
      ->check(not_empty())
      ->allow_extra_args(false);
  app.add_option("--resource", resource, "good for that alone: files/ID, folders/ID or a URL")
      ->type_name("RESOURCE")
      ->check(not_empty());
  app.add_option("--shared-link", shared_link, "good for what that shared link leads to")
      ->type_name("URL")
      ->check(not_empty());
}

void TokenOptions::add_full(CLI::App& app) {
  app.add_flag("--full", full, "not narrowed: everything that the application may do");
}

bool names_empty_enterprise(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    if (word == "--") return false;
    if (word == "--enterprise=") return true;
    if (word == "--enterprise" && i + 1 < argc && base::trimmed(argv[i + 1]).empty()) return true;
  }
  return false;
}

Subject TokenOptions::subject() const {
  if (!user.empty()) return valetkey::user(user);
  if (of_enterprise) return valetkey::enterprise(enterprise);
  return {};
}

Result<TokenRequest> TokenOptions::request(const Globals& globals, const Config& config) const {
  auto provider = provider_of(globals, config);
  if (!provider) return failure_of(std::move(provider));
  TokenRequest request{.provider = std::move(*provider),
                       .subject = subject(),
                       .resource = resource,
                       .shared_link = shared_link};
  // RFC 6749 §3.3: a list of scopes is separated by spaces, so one option may hold several.
  for (const auto& some : scopes) {
    for (const auto scope : base::split(some, ' '))
      request.scopes.emplace_back(scope);
  }
  return request;
}

Result<void> TokenOptions::check_narrow() const {
  const bool is_narrow = !scopes.empty() || !resource.empty() || !shared_link.empty();
  if (full && is_narrow) {
    return fail(Errc::invalid_argument, "--full and a restriction contradict each other",
                "leave out --full, or --scope, --resource and --shared-link");
  }
  if (!full && !is_narrow) {
    return fail(Errc::invalid_argument, "say what the token may do",
                "for example --scope item_download --resource files/12345; "
                "or --full for everything that the application may do");
  }
  return {};
}

}  // namespace valetkey::cli
