// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/exit_code.h"

namespace valetkey::cli {
namespace {

/// The errno of the failure; 0 when all was written.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

bool wants_colour() {
  // no-color.org: present and not empty means no colour.
  const char* const refused = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return (refused == nullptr || *refused == '\0') && terminal != nullptr &&
         std::strcmp(terminal, "dumb") != 0;
}

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "0";
    case Colour::green:
      return "32";
    case Colour::yellow:
      return "33";
    case Colour::red:
      return "31";
    case Colour::bold:
      return "1";
    case Colour::dim:
      return "2";
  }
  return "0";
}

}  // namespace

Console::Console()
    : out_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      err_is_terminal_(::isatty(STDERR_FILENO) == 1),
      coloured_(out_is_terminal_ && wants_colour()) {}

void Console::write(std::string_view text) {
  if (write_error_ == 0) write_error_ = write_all(STDOUT_FILENO, text);
}

void Console::write(const Secret& text) {
  text.reveal([this](std::string_view bytes) { write(bytes); });
}

void Console::tell(std::string_view text) {
  static_cast<void>(write_all(STDERR_FILENO, text));
}

void Console::error(std::string_view what) {
  tell("valetkey: error: " + std::string(what) + "\n");
}

void Console::hint(std::string_view what) {
  tell("valetkey: hint: " + std::string(what) + "\n");
}

void Console::complain(const Error& failure) {
  if (failure.mistakes.empty()) {
    error(describe(failure));
    if (!failure.hint.empty()) hint(failure.hint);
    return;
  }
  for (const auto& mistake : failure.mistakes) {
    std::string place = mistake.file;
    if (mistake.line != 0) place += ":" + std::to_string(mistake.line);
    error(place.empty() ? mistake.what : place + ": " + mistake.what);
    if (!mistake.remedy.empty()) hint(mistake.remedy);
  }
}

std::string Console::coloured(std::string_view text, Colour colour) const {
  if (!coloured_ || colour == Colour::none) return std::string(text);
  return std::string("\033[") + code_of(colour) + "m" + std::string(text) + "\033[0m";
}

int Console::finish(int exit_code) {
  if (write_error_ == 0) return exit_code;
  if (write_error_ != EPIPE) {
    error(std::string("standard output: ") + std::strerror(write_error_));
    if (write_error_ == ENOSPC) hint("free some space, or write to another place");
  }
  return exit_code == exit_done ? exit_failed : exit_code;
}

}  // namespace valetkey::cli
