// SPDX-License-Identifier: Apache-2.0
// Pages in the language of man(7).

#include "base/text.h"
#include "cli/page.h"
#include "valetkey/version.h"

namespace valetkey::cli {
namespace {

/// A backslash is an escape, a leading dot or quote is a request, and a plain hyphen is no minus.
std::string roff(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out += "\\&";
  for (const char letter : text) {
    if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-') {
      out += "\\-";
    } else {
      out += letter;
    }
  }
  return out;
}

void append_options(std::string& out, std::string_view heading,
                    const std::vector<PageOption>& options) {
  if (options.empty()) return;
  out += ".SH " + std::string(heading) + "\n";
  for (const auto& option : options) {
    out += ".TP\n\\fB" + roff(base::joined(option.names, ", ")) + "\\fR";
    if (!option.argument.empty()) out += " \\fI" + roff(option.argument) + "\\fR";
    out += "\n" + roff(option.text) + "\n";
  }
}

void append_places(std::string& out) {
  out +=
      ".SH \"EXIT STATUS\"\n"
      ".TP\n\\fB0\\fR\ndone\n"
      ".TP\n\\fB1\\fR\nfailed\n"
      ".TP\n\\fB2\\fR\nusage or configuration; nothing was sent\n"
      ".TP\n\\fB3\\fR\ndenied by policy or by the provider\n"
      ".TP\n\\fB4\\fR\nsign\\-in needed\n"
      ".TP\n\\fB5\\fR\nunreachable: no usable answer, the same command may work later\n"
      ".SH ENVIRONMENT\n"
      ".TP\n\\fBVALETKEY_CONFIG\\fR\nthe configuration file, when \\fB\\-\\-config\\fR is absent\n"
      ".TP\n\\fBNO_COLOR\\fR\nno colours, when set and not empty\n"
      ".SH FILES\n"
      "Without \\fB\\-\\-config\\fR and \\fBVALETKEY_CONFIG\\fR the first of these is read:\n"
      ".TP\n\\fI./valetkey.toml\\fR\n"
      ".TP\n\\fI$XDG_CONFIG_HOME/valetkey/valetkey.toml\\fR\n"
      "or ~/.config/valetkey/valetkey.toml\n"
      ".TP\n\\fI/etc/valetkey/valetkey.toml\\fR\n";
}

}  // namespace

std::string format_man(const Page& page) {
  const std::string title = page.name.empty() ? "valetkey" : "valetkey-" + page.name;
  std::string out = ".TH " + roff(title) + " 1 \"\" \"valetkey " + std::string(version) + "\"\n";
  out += ".SH NAME\n" + roff(title) + " \\- " + roff(page.summary) + "\n";
  out += ".SH SYNOPSIS\n\\fB" + roff(page.usage) + "\\fR\n";
  out += ".SH DESCRIPTION\n" + roff(page.about) + "\n";
  if (!page.subcommands.empty()) out += ".SH SUBCOMMANDS\n";
  for (const auto& [name, summary] : page.subcommands) {
    out += ".TP\n\\fBvaletkey\\-" + roff(name) + "\\fR(1)\n" + roff(summary) + "\n";
  }
  append_options(out, "ARGUMENTS", page.arguments);
  append_options(out, "OPTIONS", page.options);
  append_options(out, "\"OPTIONS OF EVERY SUBCOMMAND\"", page.global_options);
  out += ".SH EXAMPLES\n";
  for (const auto& example : page.examples) {
    out += ".TP\n\\fB" + roff(example.command) + "\\fR\n" + roff(example.purpose) + "\n";
  }
  append_places(out);
  if (!page.name.empty()) out += ".SH \"SEE ALSO\"\n\\fBvaletkey\\fR(1)\n";
  return out;
}

}  // namespace valetkey::cli
