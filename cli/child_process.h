// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program that runs with a secret in its environment, as if it had been started directly.

#include <set>
#include <string>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::cli {

inline constexpr int exit_not_runnable = 126;  ///< POSIX.1-2017 §2.8.2
inline constexpr int exit_not_found = 127;     ///< the same
inline constexpr int exit_signal_base = 128;   ///< the same

/// Where a program is, or the exit status that a shell would give for its absence.
struct ProgramSearch {
  std::string path{};
  int exit_code = 0;
};

/// Looks in PATH as a shell does; a name with a slash is a path already. Blocks: disk.
[[nodiscard]] ProgramSearch find_program(const std::string& name);

/// The descriptors that are open now, with their numbers. Blocks: no.
[[nodiscard]] std::set<int> open_descriptors();

struct ChildCommand {
  std::string path{};
  std::vector<std::string> arguments{};    ///< with the program's own name first
  std::vector<std::string> environment{};  ///< "NAME=value"
  Secret secret_entry{};                   ///< "NAME=secret"
  std::set<int> descriptors{};             ///< that the program inherits; it gets no others
};

/// While it lives, INT, TERM, HUP, QUIT, USR1 and USR2 are passed on to the child, unless the
/// terminal has sent them to the child too. Only one at a time.
class SignalRelay {
 public:
  SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;
  ~SignalRelay();
};

/// Runs the program to its end and returns its exit status, 128 + N after signal N.
/// Errors: exhausted when no process can be made; invalid_argument when it is no program.
/// Blocks: until the program has ended. Precondition: a SignalRelay lives.
[[nodiscard]] Result<int> run_child(const ChildCommand& command);

}  // namespace valetkey::cli
