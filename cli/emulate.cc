// SPDX-License-Identifier: Apache-2.0
// `valetkey emulate`: the Box-compatible server, until it is interrupted.

#include <boost/json.hpp>

#include <csignal>
#include <filesystem>
#include <memory>
#include <system_error>

#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/option_checks.h"
#include "cli/subcommand.h"
#include "emulator/emulator.h"

namespace valetkey::cli {
namespace {

struct EmulateOptions {
  emulator::Options emulator{};
  std::string config_dir{};
  std::chrono::milliseconds token_life{};
};

/// Blocks the signals that end the emulator, before any other thread exists, so that all threads
/// leave them to `wait`.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  void wait() const {
    int received = 0;
    while (sigwait(&signals_, &received) != 0) {
    }
  }

 private:
  sigset_t signals_{};
};

std::string help_for_people(const emulator::Facts& facts, const std::string& config_dir) {
  std::string text = "the emulator runs at " + facts.base_url + " until you press Ctrl-C\n";
  if (config_dir.empty()) {
    return text + "with --write-config DIR it also writes a configuration to use it with\n";
  }
  const std::string config = " --config " + config_dir + "/valetkey.toml ";
  text += "in another terminal:\n";
  text += "  valetkey" + config + "call GET /2.0/users/me\n";
  if (!facts.root_file_ids.empty()) {
    text += "  valetkey" + config + "token --scope item_download --resource files/" +
            facts.root_file_ids.front() + "\n";
  }
  return text + "  curl " + facts.base_url + "/_emulator/ledger\n";
}

int emulate(const EmulateOptions& options, const Context& context) {
  Console& console = context.console;
  const StopSignals stop;
  auto started = emulator::Emulator::start(options.emulator);
  if (!started) {
    console.complain(started.error());
    return exit_code_for(started.error());
  }
  emulator::Emulator& running = **started;
  std::string config_dir;
  if (!options.config_dir.empty()) {
    std::error_code failed;
    config_dir = std::filesystem::absolute(options.config_dir, failed).lexically_normal().string();
    if (failed) config_dir = options.config_dir;
    if (auto written = running.write_config(config_dir); !written) {
      console.complain(written.error());
      return exit_code_for(written.error());
    }
  }
  boost::json::object ready;
  ready["base_url"] = running.facts().base_url;
  ready["config_dir"] = nullptr;
  if (!config_dir.empty()) ready["config_dir"] = config_dir;
  console.write(boost::json::serialize(ready) + "\n");
  if (console.broken()) return exit_failed;
  if (console.err_is_terminal()) console.tell(help_for_people(running.facts(), config_dir));
  stop.wait();
  return exit_done;
}

}  // namespace

Action declare_emulate(CLI::App& app) {
  auto options = std::make_shared<EmulateOptions>();  // shared by the parser and the action
  app.add_option("--listen", options->emulator.listen,
                 "address and port; port 0, the default, picks a free one")
      ->type_name("ADDR");
  app.add_option("--write-config", options->config_dir,
                 "write valetkey.toml, valetkey-jwt.toml, valetkey-developer.toml, box-app.json "
                 "and their secret files there")
      ->check(not_empty())
      ->type_name("DIR");
  app.add_option("--seed", options->emulator.seed_file,
                 "a JSON file with the users, folders and files to begin with")
      ->check(not_empty())
      ->type_name("FILE");
  app.add_flag("--strict-refresh", options->emulator.strict_refresh,
               "a refresh kills the old refresh token at once");
  app.add_flag("--revoke-cascades", options->emulator.revoke_cascades,
               "revoking a token revokes what was narrowed from it");
  add_duration(app, "--token-life", options->token_life,
               "how long tokens live; default: as Box has it, 60 to 70 minutes");
  return [options](const Context& context) {
    options->emulator.token_life =
        std::chrono::duration_cast<std::chrono::seconds>(options->token_life);
    return emulate(*options, context);
  };
}

}  // namespace valetkey::cli
