// SPDX-License-Identifier: Apache-2.0
// `valetkey man`: manual pages, made from the tables that the command line is parsed by.

#include <memory>

#include "cli/exit_code.h"
#include "cli/generated_file.h"
#include "cli/page.h"
#include "cli/subcommand.h"

namespace valetkey::cli {
namespace {

struct Options {
  std::string subcommand{};
  std::string directory{};
};

int write_pages(const std::string& directory, const Context& context) {
  std::vector<GeneratedFile> files;
  files.push_back({"valetkey.1", format_man(page_of(context.app))});
  for (const auto& row : all_subcommands()) {
    const std::string name(row.name);
    files.push_back(
        {"valetkey-" + name + ".1", format_man(page_of(*context.app.get_subcommand(name)))});
  }
  if (auto saved = save_files(directory, files); !saved) {
    context.console.complain(saved.error());
    return exit_failed;
  }
  return exit_done;
}

int print_page(const Options& options, const Context& context) {
  if (!options.directory.empty()) return write_pages(options.directory, context);
  const CLI::App* page = &context.app;
  if (!options.subcommand.empty()) {
    if (find_subcommand(options.subcommand) == nullptr) {
      context.console.error("there is no subcommand of that name");
      context.console.hint("see `valetkey --help`");
      return exit_usage;
    }
    page = context.app.get_subcommand(options.subcommand);
  }
  context.console.write(format_man(page_of(*page)));
  return exit_done;
}

}  // namespace

Action declare_man(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_option("SUBCOMMAND", options->subcommand, "its page; default: the command's own");
  app.add_option("--write-to", options->directory, "write every page there instead")
      ->type_name("DIR");
  return [options](const Context& context) { return print_page(*options, context); };
}

}  // namespace valetkey::cli
