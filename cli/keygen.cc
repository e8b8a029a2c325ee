// SPDX-License-Identifier: Apache-2.0
// `valetkey keygen`: a new key that seals what a shared cache holds.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "cli/exit_code.h"
#include "cli/option_checks.h"
#include "cli/subcommand.h"
#include "valetkey/sealing_key.h"

namespace valetkey::cli {
namespace {

struct Options {
  std::string output{};
  bool show = false;
};

constexpr std::string_view for_people =
    "A sealing key goes to a file or a pipe, or is shown with --show:\n"
    "  valetkey keygen --output sealing.key          mode 0600; no file is overwritten\n"
    "  valetkey keygen | store-secret valetkey-key   into a secret store\n"
    "\n"
    "Give the same key to every process that shares the cache server, in [cache]:\n"
    "  sealing_key = \"file:/etc/valetkey/sealing.key\"\n";

Secret new_line() {
  SecretBuilder line;
  return line.append(generate_sealing_key()).append('\n').take();
}

/// The errno of the failure; 0 when all of it is on the disk.
int write_durably(const base::Descriptor& file, const Secret& text) {
  return text.reveal([&](std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return errno;
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(file.get()) == 0 ? 0 : errno;
  });
}

Result<void> save_new(const std::string& path) {
  // SECURITY: O_EXCL, so that no key in use is lost and no link leads the new one elsewhere.
  const base::Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600));
  if (!file && errno == EEXIST) {
    return fail(Errc::invalid_argument, path + " exists already and is left as it is",
                "name another file; a key in use is needed until it has been replaced everywhere");
  }
  const std::string unwritten = path + " cannot be written";
  if (!file) return base::system_failure(errno, Errc::invalid_argument, unwritten);
  if (const int error = write_durably(file, new_line()); error != 0) {
    ::unlink(path.c_str());  // half a key is none
    return base::system_failure(error, Errc::exhausted, unwritten);
  }
  return {};
}

int make_key(const Options& options, const Context& context) {
  Console& console = context.console;
  if (!options.output.empty()) {
    const auto saved = save_new(options.output);
    if (!saved) {
      console.complain(saved.error());
      return exit_code_for(saved.error());
    }
    return exit_done;
  }
  if (console.out_is_terminal() && !options.show) {
    console.write(for_people);
  } else {
    console.write(new_line());
  }
  return exit_done;
}

}  // namespace

Action declare_keygen(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_option("--output", options->output, "write the key to FILE, mode 0600, which must be new")
      ->check(not_empty())
      ->type_name("FILE");
  app.add_flag("--show", options->show, "print the key even on a terminal");
  return [options](const Context& context) { return make_key(*options, context); };
}

}  // namespace valetkey::cli
