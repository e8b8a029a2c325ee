// SPDX-License-Identifier: Apache-2.0
// `valetkey revoke`: withdraws a token that is given on standard input.

#include <memory>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "cli/bounded_input.h"
#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/subcommand.h"
#include "cli/token_options.h"

namespace valetkey::cli {
namespace {

struct Options {
  TokenOptions subject{};
  bool token_stdin = false;
  bool all = false;
};

/// Errors: invalid_argument, when it is no token; its text is not repeated.
Result<Secret> read_token() {
  auto input = read_standard_input(base::token_bytes_max);
  if (!input) return input;
  return input->reveal([](std::string_view text) -> Result<Secret> {
    const std::string_view token = base::trimmed(text);
    if (token.empty()) {
      return fail(Errc::invalid_argument, "standard input holds no token",
                  "write the token to it: valetkey revoke --token-stdin < FILE");
    }
    for (const char letter : token) {
      // RFC 6749 §A.12: visible ASCII.
      if (letter <= ' ' || letter > '~') {
        return fail(Errc::invalid_argument, "standard input holds something that is no token",
                    "write one token to it and nothing else");
      }
    }
    return Secret(token);
  });
}

struct Done {
  RevocationReport report{};
  bool is_shared = false;
};

Result<Done> revoke_what_was_asked(const Options& options, const Context& context) {
  const Globals& globals = context.globals;
  auto client = open_client(globals);
  if (!client) return failure_of(std::move(client));
  auto provider = provider_of(globals, client->config());
  if (!provider) return failure_of(std::move(provider));
  const Deadline deadline = deadline_in(globals.timeout);
  Result<RevocationReport> report;
  if (options.token_stdin) {
    auto token = read_token();
    if (!token) return failure_of(std::move(token));
    report = client->revoke(*provider, std::move(*token), deadline);
  } else if (options.all) {
    report = client->revoke_all(deadline);
  } else {
    report = client->revoke_subject(*provider, options.subject.subject(), deadline);
  }
  if (!report) return failure_of(std::move(report));
  return Done{std::move(*report), !client->config().cache.shared.empty()};
}

std::string counted(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " token" : " tokens");
}

/// With a shared cache, what this command holds is the smaller part of what it revokes.
int report_to_fleet(const RevocationReport& report, Console& console) {
  if (report.untold) {
    console.error("the shared cache is away, and the other processes were not told");
    console.hint(
        "they may go on using what was to be revoked: run the same command again when "
        "`valetkey doctor` finds the cache");
    return exit_unreachable;
  }
  console.write("told every process that shares the cache\n");
  return exit_done;
}

int report(const RevocationReport& report, bool is_shared, Console& console) {
  const int told = is_shared ? report_to_fleet(report, console) : exit_done;
  if (report.delivered + report.pending + report.ended + report.refused == 0) {
    if (is_shared) return told;
    console.error("nothing was revoked: this command holds no tokens");
    console.hint(
        "tokens live in the processes that fetched them; ask the process that holds them, or give "
        "a token on standard input with --token-stdin");
    return exit_failed;
  }
  if (report.delivered != 0) console.write("revoked: " + counted(report.delivered) + "\n");
  if (report.ended != 0) console.write("already ended: " + counted(report.ended) + "\n");
  if (report.pending + report.refused == 0) return told;
  const std::string reason =
      report.last_error ? ": " + describe(*report.last_error) : std::string();
  if (report.refused != 0) {
    console.error("not revoked: " + counted(report.refused) + reason);
    console.hint("the token ends by itself; keep such tokens narrow");
    return report.last_error ? exit_code_for(*report.last_error) : exit_failed;
  }
  console.error("pending: " + counted(report.pending) + " not confirmed by the provider in time" +
                reason);
  console.hint(
      "the token may still work: run the same command again, or give it a longer --timeout");
  return exit_unreachable;
}

int revoke(const Options& options, const Context& context) {
  const int asked = (options.token_stdin ? 1 : 0) + (options.all ? 1 : 0) +
                    (options.subject.subject().type == SubjectType::configured ? 0 : 1);
  if (asked != 1) {
    context.console.error("say what to revoke, and one thing at a time");
    context.console.hint("one of --token-stdin, --user ID, --enterprise and --all");
    return exit_usage;
  }
  const auto done = revoke_what_was_asked(options, context);
  if (done) return report(done->report, done->is_shared, context.console);
  context.console.complain(done.error());
  return exit_code_for(done.error());
}

}  // namespace

Action declare_revoke(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_flag("--token-stdin", options->token_stdin, "the token on standard input");
  options->subject.add_subject(app);
  app.add_flag("--all", options->all, "every token that is held");
  return [options](const Context& context) { return revoke(*options, context); };
}

}  // namespace valetkey::cli
