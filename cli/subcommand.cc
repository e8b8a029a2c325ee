// SPDX-License-Identifier: Apache-2.0
// The table of subcommands, in the order in which help shows them.
#include "cli/subcommand.h"

#include <algorithm>

namespace valetkey::cli {
namespace {

const std::vector<Subcommand>& table() {
  static const std::vector<Subcommand> rows = {
      {"demo",
       "walk a token's whole life on the built-in emulator, with figures",
       "Starts the emulator in this process and shows, with what its ledger counted: one token "
       "request for 10 000 concurrent asks, a token narrowed to one file, a token killed behind "
       "our back, a revocation that holds at once, and a developer token refused in production. "
       "Needs no account and no network. Exits 1 when a figure is not as promised.",
       {{"valetkey demo", "the whole walk"}, {"valetkey demo --fast", "without pauses"}},
       declare_demo},
      {"emulate",
       "run a Box-compatible server on this machine, for tests and trials",
       "Prints one JSON line with base_url and config_dir when it is ready, and runs until it is "
       "interrupted. Its control paths are below /_emulator/: ledger, faults, clock, "
       "tokens/expire, tokens/revoke, reset.",
       {{"valetkey emulate --write-config /tmp/box",
         "and then: valetkey --config /tmp/box/valetkey.toml token --scope item_download"},
        {"valetkey emulate --listen 127.0.0.1:8410 --token-life 90s", "tokens that soon end"}},
       declare_emulate},
      {"token",
       "print an access token, narrowed to what it is for",
       "The token goes to a pipe or a file. A terminal shows its fingerprint and how to use it, "
       "unless --show is given. Say what the token may do with --scope, --resource or "
       "--shared-link, or ask for the full token by name with --full.",
       {{"valetkey token --scope item_download --resource files/12345 | other-program",
         "a token that downloads one file and does nothing else"},
        {"valetkey token --user 678 --scope item_preview --json", "with its expiry and source"},
        {"valetkey token --enterprise --full > token", "all that the application may do"}},
       declare_token},
      {"call",
       "send an authorised request to the provider's API",
       "Prints the body of the answer. A token that the API refuses is replaced once and the "
       "request is sent again; throttling and server errors are retried within --timeout. The "
       "token never leaves this process, and never follows a redirect to another origin. Exits 0 "
       "for 2xx, 3 for 401 and 403, 5 for 429 and 5xx, 1 for every other status.",
       {{"valetkey call GET /2.0/users/me", "who am I"},
        {"valetkey call PUT /2.0/files/12345 --data '{\"name\":\"new.txt\"}'", "rename a file"},
        {"valetkey call GET /2.0/files/12345/content --output file.pdf", "download"}},
       declare_call},
      {"exec",
       "run a program with a token in its environment, and revoke it afterwards",
       "The token is in the environment variable BOX_ACCESS_TOKEN (see --env) of the program and "
       "never on a command line. Signals are passed on, the exit status is the program's "
       "(128 and the signal's number when a signal ended it; 127 when it is not found, 126 when "
       "it cannot be run). When the program has ended, the token is revoked.",
       {{"valetkey exec --scope item_download --resource folders/42 -- ./nightly-report",
         "the program gets a token for one folder, for as long as it runs"},
        {"valetkey exec --full --env TOKEN -- sh -c 'test -n \"$TOKEN\"'", "another name"}},
       declare_exec},
      {"revoke",
       "withdraw a token",
       "Reads the token from standard input, never from the command line. A revocation that the "
       "provider has not confirmed before --timeout is reported as pending, with exit status 5.",
       {{"valetkey revoke --token-stdin < token", "a token in a file"},
        {"printf %s \"$BOX_ACCESS_TOKEN\" | valetkey revoke --token-stdin", "one in a variable"}},
       declare_revoke},
      {"status",
       "show what is held: fingerprints, ages and counts, never a token",
       "Tokens live in the process that fetched them: this shows those of this process.",
       {{"valetkey status --json", "for a program"}},
       declare_status},
      {"doctor",
       "check the configuration, the secrets, the provider and the clock",
       "Shows every mistake of the configuration at once, with its line and what to do about it.",
       {{"valetkey --config /etc/valetkey/valetkey.toml doctor", "before a service starts"}},
       declare_doctor},
      {"keygen",
       "make a key that seals what a shared cache holds",
       "Prints one new key on a line: sealing_key of the table [cache] names where it is kept. "
       "Every process that shares the cache server has the same one. A key is replaced without "
       "a stop, and without fetching every token anew, in three steps, each of them everywhere "
       "before the next: sealing_key = [OLD, NEW], so that all can read what the new one will "
       "seal; then [NEW, OLD], so that the new one seals; and an hour later, when what the old "
       "one sealed is gone, [NEW] alone. A process takes up its keys when it starts.",
       {{"valetkey keygen --output /etc/valetkey/sealing.key", "a file of mode 0600"},
        {"valetkey keygen | systemd-creds encrypt - sealing.cred", "for systemd's credential:"}},
       declare_keygen},
      {"man",
       "print a manual page",
       "The pages are made from the same tables as --help.",
       {{"valetkey man | man -l -", "read it"},
        {"valetkey man --write-to /usr/local/share/man/man1", "install all of them"}},
       declare_man},
      {"completion",
       "print the shell's completion for this command",
       "For bash, zsh and fish, made from the same tables as --help.",
       {{"source <(valetkey completion bash)", "for this shell"}},
       declare_completion},
  };
  return rows;
}

}  // namespace

std::span<const Subcommand> all_subcommands() {
  return table();
}

const Subcommand* find_subcommand(std::string_view name) {
  const auto at = std::find_if(table().begin(), table().end(),
                               [&](const Subcommand& row) { return row.name == name; });
  return at == table().end() ? nullptr : &*at;
}

}  // namespace valetkey::cli
