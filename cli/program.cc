// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <utility>

#include "base/nearest_word.h"
#include "base/text.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/log_lines.h"
#include "cli/option_checks.h"
#include "cli/page.h"
#include "cli/token_options.h"
#include "valetkey/version.h"

namespace valetkey::cli {
namespace {

constexpr const char* globals_group = "Options of every subcommand";

/// CLI11's own sentences in this command's voice.
std::string voiced(std::string text) {
  const auto end = text.find_last_not_of(" .\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  const bool is_word = text.size() > 1 && base::to_lower(text[1]) == text[1];
  if (is_word) text.front() = base::to_lower(text.front());
  return base::printable(text);
}

std::string help_hint(const CLI::App& app) {
  const std::string name = app.get_parent() == nullptr ? "" : app.get_name() + " ";
  return "see `valetkey " + name + "--help`";
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const auto* const option : at->get_options()) {
      for (const auto& name : option->get_lnames())
        names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> subcommand_names() {
  std::vector<std::string> names;
  for (const auto& row : all_subcommands())
    names.emplace_back(row.name);
  return names;
}

// SECURITY: with descriptor 1 or 2 closed, the next file opened would take its place, and a token
// or a log line would be written into that file.
void hold_standard_descriptors() {
  for (;;) {
    // A closed standard output is a full one: what is written there is lost, and that is an error.
    const bool is_output =
        ::fcntl(STDIN_FILENO, F_GETFD) >= 0 && ::fcntl(STDOUT_FILENO, F_GETFD) < 0;
    const int descriptor = ::open(is_output ? "/dev/full" : "/dev/null", O_RDWR);
    if (descriptor > STDERR_FILENO) ::close(descriptor);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return;
  }
}

}  // namespace

CommandLine::CommandLine() : app_("OAuth 2.0 access tokens, kept well", "valetkey") {
  app_.set_help_flag("-h,--help", "show this help");
  app_.set_version_flag("--version", "valetkey " + std::string(version), "show the version");
  app_.fallthrough();
  app_.allow_extras();
  app_.require_subcommand(0, 1);
  app_.add_option("--config", globals_.config, "the configuration file")
      ->check(not_empty())
      ->type_name("FILE")
      ->group(globals_group);
  app_.add_option("--provider", globals_.provider,
                  "which [provider.NAME] of it, where there are several")
      ->check(not_empty())
      ->type_name("NAME")
      ->group(globals_group);
  add_duration(app_, "--timeout", globals_.timeout, "give up after that long; default 30s")
      ->group(globals_group);
  app_.add_option("--log-level", globals_.log_level,
                  "trace, debug, info, warning (default), error or off")
      ->check(CLI::IsMember(log_level_names()))
      ->type_name("LEVEL")
      ->group(globals_group);
  app_.add_option("--log-file", globals_.log_file, "append log lines to FILE, not standard error")
      ->check(not_empty())
      ->type_name("FILE")
      ->group(globals_group);
  for (const auto& row : all_subcommands()) {
    CLI::App* const sub = app_.add_subcommand(std::string(row.name), std::string(row.summary));
    sub->set_help_flag("-h,--help", "show this help");
    sub->fallthrough();
    sub->allow_extras();
    actions_.emplace(row.name, row.declare(*sub));
  }
}

const CLI::App& CommandLine::chosen() const {
  const auto parsed = app_.get_subcommands();
  return parsed.empty() ? app_ : *parsed.front();
}

int CommandLine::refuse(Console& console, std::string what, std::string hint) const {
  console.error(what);
  console.hint(hint);
  return exit_usage;
}

int CommandLine::refuse_unknown(Console& console) const {
  const auto words = app_.remaining(true);
  const auto at =
      std::find_if(words.begin(), words.end(), [](const auto& one) { return one != "--"; });
  const std::string word = at == words.end() ? "--" : *at;
  const bool is_option = word.starts_with("-");
  const bool is_subcommand = !is_option && app_.get_subcommands().empty();
  const std::string kind = is_option ? "option" : is_subcommand ? "subcommand" : "argument";
  std::string nearest;
  if (is_option)
    nearest = base::nearest_word(word.substr(0, word.find('=')), option_names(chosen()));
  if (is_subcommand) nearest = base::nearest_word(word, subcommand_names());
  if (is_option && nearest.empty() && chosen().get_name() == "exec") {
    return refuse(console, "unknown option " + base::printable(word, 60),
                  "write -- before the program to run");
  }
  return refuse(console, "unknown " + kind + " " + base::printable(word, 60),
                nearest.empty() ? help_hint(chosen()) : "did you mean " + nearest + "?");
}

int CommandLine::run(int argc, const char* const* argv, Console& console) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    console.write(format_help(page_of(chosen())));
    return exit_done;
  } catch (const CLI::CallForVersion& version_text) {
    console.write(std::string(version_text.what()) + "\n");
    return exit_done;
  } catch (const CLI::ParseError& error) {
    // An unknown word is what went wrong, even when something is also missing because of it.
    if (app_.remaining_size(true) != 0) return refuse_unknown(console);
    return refuse(console, voiced(error.what()), help_hint(chosen()));
  }
  if (app_.remaining_size(true) != 0) return refuse_unknown(console);
  if (names_empty_enterprise(argc, argv)) {
    return refuse(console, "--enterprise: the value is empty", help_hint(chosen()));
  }
  if (app_.get_subcommands().empty()) {
    return refuse(console, "say what to do", "see `valetkey --help`, or try `valetkey demo`");
  }
  if (auto started = start_log(globals_.log_level, globals_.log_file); !started) {
    console.complain(started.error());
    return exit_code_for(started.error());
  }
  return actions_.at(chosen().get_name())({globals_, app_, console});
}

int run(int argc, const char* const* argv) {
  hold_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error code, not a death
  Console console;
  try {
    CommandLine command_line;
    return console.finish(command_line.run(argc, argv, console));
  } catch (const std::bad_alloc&) {
    console.error("out of memory");
  } catch (const std::exception&) {
    // SECURITY: the text of an exception is not ours, and could quote what it choked on.
    console.error("internal error");
    console.hint("run it again with --log-level debug, and report what you see");
  }
  return exit_failed;
}

}  // namespace valetkey::cli
