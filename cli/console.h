// SPDX-License-Identifier: Apache-2.0
#pragma once
// Standard output and standard error, as a program that hands out secrets must treat them.

#include <string>
#include <string_view>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::cli {

enum class Colour { none, green, yellow, red, bold, dim };

/// Writes at once and unbuffered, so that no copy of a token stays behind in a stream's buffer, and
/// remembers a failure until `finish`. Not thread-safe.
class Console {
 public:
  Console();

  [[nodiscard]] bool out_is_terminal() const { return out_is_terminal_; }
  [[nodiscard]] bool err_is_terminal() const { return err_is_terminal_; }

  /// To standard output.
  void write(std::string_view text);
  void write(const Secret& text);
  /// To standard error; nobody is told when that fails.
  void tell(std::string_view text);
  void error(std::string_view what);
  void hint(std::string_view what);
  /// `valetkey: error:` and `valetkey: hint:`; each mistake of a configuration on lines of its own.
  void complain(const Error& error);

  /// For standard output; plain text where it is no terminal or NO_COLOR is set.
  [[nodiscard]] std::string coloured(std::string_view text, Colour colour) const;

  /// Standard output takes no more: there is no point in going on.
  [[nodiscard]] bool broken() const { return write_error_ != 0; }
  /// The exit status, given what was printed. A reader that went away is no news; a full disk is.
  [[nodiscard]] int finish(int exit_code);

 private:
  bool out_is_terminal_;
  bool err_is_terminal_;
  bool coloured_;
  int write_error_ = 0;
};

}  // namespace valetkey::cli
