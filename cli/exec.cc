// SPDX-License-Identifier: Apache-2.0
// `valetkey exec`: a program with a token in its environment, for as long as it runs.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "base/text.h"
#include "cli/child_process.h"
#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/subcommand.h"
#include "cli/token_options.h"

namespace valetkey::cli {
namespace {

constexpr auto revocation_time_max = std::chrono::seconds(10);

struct Options {
  TokenOptions token{};
  std::string variable = "BOX_ACCESS_TOKEN";
  std::vector<std::string> command{};
};

Result<void> check_variable(const std::string& name) {
  const auto is_fit = [](char letter) {
    return letter == '_' || base::is_digit(letter) ||
           (base::to_lower(letter) >= 'a' && base::to_lower(letter) <= 'z');
  };
  // POSIX.1-2017 §8.1: letters, digits and underscores, no digit first.
  if (!name.empty() && !base::is_digit(name.front()) &&
      std::all_of(name.begin(), name.end(), is_fit)) {
    return {};
  }
  return fail(Errc::invalid_argument, "--env is not the name of a variable",
              "use letters, digits and underscores, for example --env BOX_ACCESS_TOKEN");
}

/// Names that an `env:` source of the configuration reads a secret from.
std::set<std::string, std::less<>> secret_variables(const Config& config) {
  std::set<std::string, std::less<>> names;
  const auto note = [&names](const std::string& source) {
    if (source.starts_with("env:")) names.insert(source.substr(4));
  };
  for (const auto& provider : config.providers) {
    for (const auto& source : provider.client_secret)
      note(source);
    note(provider.private_key);
    note(provider.private_key_passphrase);
    note(provider.developer_token);
    note(provider.refresh_token);
  }
  return names;
}

/// Rule S3: our environment without what the configuration reads secrets from.
std::vector<std::string> environment_for_child(const Config& config, const std::string& variable) {
  auto left_out = secret_variables(config);
  left_out.insert(variable);
  std::vector<std::string> kept;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!left_out.contains(text.substr(0, text.find('=')))) kept.emplace_back(text);
  }
  return kept;
}

Secret entry_of(const std::string& variable, const AccessToken& token) {
  SecretBuilder entry;
  entry.append(variable).append('=');
  token.reveal([&entry](std::string_view text) { entry.append(text); });
  return entry.take();
}

/// Whether revoking the token would end more than the token. One that came by a refresh token takes
/// the person's sign-in with it, at Box as elsewhere (RFC 7009 §2.1), and a developer token is
/// brought back by nobody but a person. What was narrowed from either is a token like any other.
bool comes_from_person(const Config& config, const AccessToken& token) {
  return std::any_of(config.providers.begin(), config.providers.end(), [&](const auto& provider) {
    return provider.name == token.provider() &&
           (provider.grant == "refresh_token" || provider.grant == "developer_token");
  });
}

/// Rule R5: the token ends with the program that it was for.
void withdraw(Client& client, const AccessToken& token, const Context& context) {
  const bool is_persons = comes_from_person(client.config(), token);
  if (is_persons && !token.fields().parent) {
    context.console.hint("the token " + std::string(token.fingerprint().text()) +
                         " is a person's and is left to end by itself; `valetkey revoke` ends it");
    return;
  }
  const auto time_max =
      std::min<std::chrono::milliseconds>(context.globals.timeout, revocation_time_max);
  // All that was fetched for it: a narrow token leaves a full one behind, which nobody else holds.
  const auto report = is_persons ? client.revoke(token, deadline_in(time_max))
                                 : client.revoke_all(deadline_in(time_max));
  if (report && report->pending + report->refused == 0) return;
  std::string reason;
  if (!report) reason = ": " + describe(report.error());
  if (report && report->last_error) reason = ": " + describe(*report->last_error);
  context.console.error("the token " + std::string(token.fingerprint().text()) +
                        " could not be revoked" + reason);
  context.console.hint("it stays valid until it expires by itself");
}

int refuse(const Error& error, const Context& context) {
  context.console.complain(error);
  return exit_code_for(error);
}

int run_with_token(const Options& options, const std::string& path, const Context& context) {
  const std::set<int> inherited = open_descriptors();
  auto client = open_private_client(context.globals);
  if (!client) return refuse(client.error(), context);
  const auto request = options.token.request(context.globals, client->config());
  if (!request) return refuse(request.error(), context);
  const auto token = client->token(*request, deadline_in(context.globals.timeout));
  if (!token) return refuse(token.error(), context);
  const SignalRelay relay;
  const auto ended =
      run_child({.path = path,
                 .arguments = options.command,
                 .environment = environment_for_child(client->config(), options.variable),
                 .secret_entry = entry_of(options.variable, *token),
                 .descriptors = inherited});
  withdraw(*client, *token, context);
  if (ended) return *ended;
  context.console.complain(ended.error());
  return exit_not_runnable;
}

int exec(const Options& options, const Context& context) {
  if (auto narrow = options.token.check_narrow(); !narrow) return refuse(narrow.error(), context);
  if (auto name = check_variable(options.variable); !name) return refuse(name.error(), context);
  // Before anything is fetched: a token for a program that is not there is fetched in vain.
  const ProgramSearch program = find_program(options.command.front());
  if (program.exit_code == 0) return run_with_token(options, program.path, context);
  const std::string name = base::printable(options.command.front());
  context.console.error(
      name + (program.exit_code == exit_not_found ? ": not found" : ": not an executable file"));
  context.console.hint("nothing was fetched; check the name and PATH");
  return program.exit_code;
}

}  // namespace

Action declare_exec(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_option("CMD", options->command, "the program and its arguments, after --")->required();
  options->token.add_subject(app);
  options->token.add_restriction(app);
  options->token.add_full(app);
  app.add_option("--env", options->variable,
                 "the variable that holds the token; default: BOX_ACCESS_TOKEN")
      ->type_name("NAME");
  return [options](const Context& context) { return exec(*options, context); };
}

}  // namespace valetkey::cli
