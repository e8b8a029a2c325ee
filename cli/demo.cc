// SPDX-License-Identifier: Apache-2.0
// `valetkey demo`: a token's whole life on the built-in emulator, told with the ledger's figures.

#include <memory>

#include "cli/demo_scenes.h"
#include "cli/exit_code.h"
#include "cli/log_lines.h"
#include "cli/subcommand.h"

namespace valetkey::cli {
namespace {

constexpr std::string_view what_next = R"(
Next, with a Box account of your own
   Make a server application in the developer console (client credentials), put its secret into a
   file of mode 0600, and write valetkey.toml:

       environment = "production"

       [provider.box]
       type = "box"
       grant = "client_credentials"
       client_id = "YOUR CLIENT ID"
       client_secret = "file:/path/of/box.secret"
       enterprise_id = "YOUR ENTERPRISE ID"

   and then type:

       valetkey doctor
       valetkey call GET /2.0/users/me
       valetkey token --scope item_download --resource files/ID --json
       valetkey exec --scope item_download --resource folders/ID -- your-program

   Without an account, the emulator is as good for trials and for tests:

       valetkey emulate --write-config /tmp/box
)";

struct Options {
  bool fast = false;
  bool json = false;
};

Result<void> play(DemoStage& stage, Narrator& narrator, const Console& console) {
  for (const auto scene : {play_single_fetch, play_narrowing, play_unauthorized, play_revocation,
                           play_developer_token}) {
    if (auto played = scene(stage, narrator); !played) return played;
    if (console.broken()) return {};
  }
  return {};
}

int demonstrate(const Options& options, const Context& context) {
  Console& console = context.console;
  // A developer token is loud by rule; here it is the play's own, and the story says so.
  if (context.globals.log_level == "warning") {
    if (auto quiet = start_log("error", context.globals.log_file); !quiet) {
      console.complain(quiet.error());
      return exit_code_for(quiet.error());
    }
  }
  const bool is_paced = console.out_is_terminal() && !options.fast;
  Narrator narrator(console, options.json ? Telling::json
                             : is_paced   ? Telling::paced
                                          : Telling::plain);
  auto stage = DemoStage::make();
  if (!stage) {
    console.complain(stage.error());
    return exit_code_for(stage.error());
  }
  if (!options.json) {
    console.write("A token's whole life, on a Box-compatible server inside this process (" +
                  stage->facts().base_url +
                  ").\nThe figures are what that server's ledger counted.\n");
  }
  if (auto played = play(*stage, narrator, console); !played) {
    console.complain(played.error());
    return exit_failed;
  }
  narrator.close();
  if (!narrator.all_kept()) {
    console.error("the demo did not go as promised");
    return exit_failed;
  }
  if (!options.json) console.write(what_next);
  return exit_done;
}

}  // namespace

Action declare_demo(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_flag("--fast", options->fast, "no pauses between the scenes");
  app.add_flag("--json", options->json, "the figures as one object, and no story");
  return [options](const Context& context) { return demonstrate(*options, context); };
}

}  // namespace valetkey::cli
