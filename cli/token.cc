// SPDX-License-Identifier: Apache-2.0
// `valetkey token`: one access token, for a pipe, a file or a person.

#include <boost/json.hpp>

#include <chrono>
#include <memory>

#include "base/http_date.h"
#include "base/text.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/subcommand.h"
#include "cli/token_options.h"

namespace valetkey::cli {
namespace {

struct Options {
  TokenOptions token{};
  bool show = false;
  bool json = false;
};

std::optional<std::chrono::seconds> life_left(const AccessToken& token) {
  if (!token.expires_at()) return std::nullopt;
  const auto left = Deadline{*token.expires_at()}.left(make_system_clock()->now());
  return std::chrono::floor<std::chrono::seconds>(left);
}

boost::json::value text_or_null(const std::string& text) {
  return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

/// Everything but the token itself.
boost::json::object facts_of(const AccessToken& token) {
  boost::json::object facts;
  facts["token_type"] = token.token_type();
  facts["expires_in"] = nullptr;
  facts["expires_at"] = nullptr;
  if (const auto left = life_left(token)) facts["expires_in"] = left->count();
  if (const auto& at = token.expires_at_wall()) facts["expires_at"] = base::format_rfc3339(*at);
  facts["scopes"] = boost::json::array(token.scopes().begin(), token.scopes().end());
  facts["resource"] = text_or_null(token.resource());
  if (!token.fields().shared_link.empty()) facts["shared_link"] = token.fields().shared_link;
  facts["subject"] = text_of(token.subject());
  facts["fingerprint"] = token.fingerprint().text();
  facts["source"] = name_of(token.origin());
  return facts;
}

/// SECURITY: the token passes through a Secret alone, and never through a string of the JSON
/// library, whose memory is not wiped.
Secret json_with_token(const AccessToken& token) {
  const std::string facts = boost::json::serialize(facts_of(token));
  SecretBuilder line(facts.size() + 1024);
  line.append("{\"access_token\":\"");
  token.reveal([&line](std::string_view text) {
    // RFC 6749 §A.12: a token is visible ASCII, so that these two are all there is to escape.
    for (const char letter : text) {
      if (letter == '"' || letter == '\\') line.append('\\');
      line.append(letter);
    }
  });
  return line.append("\",").append(std::string_view(facts).substr(1)).append('\n').take();
}

std::string facts_for_people(const AccessToken& token) {
  std::string text;
  const auto line = [&text](const std::string& name, const std::string& value) {
    if (!value.empty()) text += name + std::string(13 - name.size(), ' ') + value + "\n";
  };
  line("fingerprint", std::string(token.fingerprint().text()));
  line("subject", text_of(token.subject()));
  line("scopes", base::joined(token.scopes(), " "));
  line("resource", token.resource());
  line("shared link", token.fields().shared_link);
  if (const auto left = life_left(token)) {
    std::string expiry = "in " + text_of(*left);
    if (const auto& at = token.expires_at_wall())
      expiry = base::format_rfc3339(*at) + ", " + expiry;
    line("expires", expiry);
  }
  return text +
         "\nThe token itself goes to a pipe or a file, or is shown with --show:\n"
         "  valetkey token ... | other-program\n"
         "  valetkey exec ... -- other-program     sets BOX_ACCESS_TOKEN, and revokes at the end\n";
}

void print(const AccessToken& token, const Options& options, Console& console) {
  const bool may_show = options.show || !console.out_is_terminal();
  if (options.json) {
    if (may_show) {
      console.write(json_with_token(token));
    } else {
      console.write(boost::json::serialize(facts_of(token)) + "\n");
    }
  } else if (may_show) {
    token.reveal([&console](std::string_view text) { console.write(text); });
    console.write("\n");
  } else {
    console.write(facts_for_people(token));
  }
}

int print_token(const Options& options, const Context& context) {
  const auto refuse = [&](const Error& error) {
    context.console.complain(error);
    return exit_code_for(error);
  };
  if (auto narrow = options.token.check_narrow(); !narrow) return refuse(narrow.error());
  auto client = open_client(context.globals);
  if (!client) return refuse(client.error());
  const auto request = options.token.request(context.globals, client->config());
  if (!request) return refuse(request.error());
  const auto token = client->token(*request, deadline_in(context.globals.timeout));
  if (!token) return refuse(token.error());
  print(*token, options, context.console);
  return exit_done;
}

}  // namespace

Action declare_token(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  options->token.add_subject(app);
  options->token.add_restriction(app);
  options->token.add_full(app);
  app.add_flag("--show", options->show, "print the token even on a terminal");
  app.add_flag("--json", options->json,
               "one object: access_token, token_type, expires_in, expires_at, scopes, resource, "
               "subject, fingerprint, source");
  return [options](const Context& context) { return print_token(*options, context); };
}

}  // namespace valetkey::cli
