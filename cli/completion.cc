// SPDX-License-Identifier: Apache-2.0
// `valetkey completion`: scripts for three shells, made from the tables of the command line.

#include <memory>

#include "cli/completion_script.h"
#include "cli/exit_code.h"
#include "cli/generated_file.h"
#include "cli/subcommand.h"

namespace valetkey::cli {
namespace {

struct Options {
  std::string shell{};
  std::string directory{};
};

std::vector<Page> all_pages(const CLI::App& app) {
  std::vector<Page> pages;
  pages.push_back(page_of(app));
  for (const auto& row : all_subcommands()) {
    pages.push_back(page_of(*app.get_subcommand(std::string(row.name))));
  }
  return pages;
}

int print_script(const Options& options, const Context& context) {
  const auto pages = all_pages(context.app);
  if (!options.directory.empty()) {
    // Named as each shell looks for them.
    auto saved = save_files(options.directory, {{"valetkey.bash", format_bash_completion(pages)},
                                                {"_valetkey", format_zsh_completion(pages)},
                                                {"valetkey.fish", format_fish_completion(pages)}});
    if (saved) return exit_done;
    context.console.complain(saved.error());
    return exit_failed;
  }
  if (options.shell == "bash") {
    context.console.write(format_bash_completion(pages));
  } else if (options.shell == "zsh") {
    context.console.write(format_zsh_completion(pages));
  } else if (options.shell == "fish") {
    context.console.write(format_fish_completion(pages));
  } else {
    context.console.error("say which shell");
    context.console.hint("one of bash, zsh and fish");
    return exit_usage;
  }
  return exit_done;
}

}  // namespace

Action declare_completion(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_option("SHELL", options->shell, "bash, zsh or fish");
  app.add_option("--write-to", options->directory, "write the scripts of all three there instead")
      ->type_name("DIR");
  return [options](const Context& context) { return print_script(*options, context); };
}

}  // namespace valetkey::cli
