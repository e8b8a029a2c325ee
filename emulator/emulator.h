// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Box-compatible authorization server and API in this process, on a loopback port.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"

namespace valetkey::emulator {

struct Options {
  std::string listen = "127.0.0.1:0";  ///< host:port; port 0 picks one
  std::string seed_file{};             ///< replaces the built-in world
  bool strict_refresh = false;         ///< a refresh kills the old refresh token at once
  bool revoke_cascades = false;        ///< revoking a parent revokes its children too
  std::chrono::seconds token_life{0};  ///< 0: drawn from 3600 to 4250, as Box does
};

/// What a client needs to know; made afresh at each start, kept by `reset`.
struct Facts {
  std::string base_url{};  ///< "http://127.0.0.1:PORT"
  std::string client_id{};
  std::string enterprise_id{};
  std::string admin_id{};
  std::string service_account_id{};
  std::vector<std::string> user_ids{};  ///< without the admin and the service account
  std::string key_id{};
  std::string redirect_uri{};
  std::vector<std::string> root_file_ids{};
  std::string folder_id{};  ///< a folder of files
  std::vector<std::string> folder_file_ids{};
};

/// Which tokens a control call means. Exactly one member is to be set.
struct TokenChoice {
  std::string fingerprint{};
  std::string subject{};  ///< "user:ID" or "enterprise:ID"
  bool all = false;
};

/// What a person does on the authorize page.
struct SignIn {
  std::string user_id{};         ///< empty: the admin
  std::string redirect_uri{};    ///< empty: the app's only one
  std::string scope{};           ///< space-separated application scopes; empty: all
  std::string code_challenge{};  ///< S256
};

/// Serves on its own thread until it is destroyed. Threads: any; a call waits for that thread.
class Emulator final {
 public:
  /// Errors: invalid_argument for the address; misconfigured for the seed file; exhausted when the
  /// address cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<Emulator>> start(Options options);
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  ~Emulator();

  [[nodiscard]] const Facts& facts() const;
  [[nodiscard]] const Secret& client_secret() const;

  /// As the developer console would: 60 minutes, for the admin, never refreshed.
  [[nodiscard]] Secret issue_developer_token();
  /// Errors: invalid_argument for an unknown user or an address that is not the app's.
  [[nodiscard]] Result<Secret> authorization_code(const SignIn& sign_in);

  /// Writes valetkey.toml, valetkey-jwt.toml, valetkey-developer.toml, box-app.json and the secret
  /// files (mode 0600) into `directory`, which it makes (mode 0700) if need be.
  /// Errors: exhausted, misconfigured. Blocks: disk.
  [[nodiscard]] Result<void> write_config(const std::string& directory);

  // What the control paths under /_emulator/ do, without a socket.
  [[nodiscard]] std::string ledger_json() const;
  /// Errors: invalid_argument, saying what is wrong with the list.
  [[nodiscard]] Result<void> add_faults(std::string_view json);
  void advance_clock(std::chrono::seconds by);
  void skew_clock(std::chrono::seconds skew);
  /// How many access tokens it hit. Errors: invalid_argument.
  [[nodiscard]] Result<std::size_t> expire_tokens(const TokenChoice& which);
  [[nodiscard]] Result<std::size_t> revoke_tokens(const TokenChoice& which);
  /// Tokens of a disabled user get 401 for ever, and new ones are still issued.
  /// Errors: invalid_argument.
  [[nodiscard]] Result<void> disable_user(const std::string& id);
  /// A clean state: same facts, no tokens but those of `write_config`, an empty ledger.
  void reset();

 private:
  class Impl;
  explicit Emulator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace valetkey::emulator
