// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a provider's client proves itself with: secrets and a key, read from their sources.

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "crypto/signing_key.h"
#include "secrets/secret_source.h"
#include "valetkey/config.h"

namespace valetkey::api {

/// What Box's app-settings file says beside the secrets.
struct AppFacts {
  std::string client_id{};
  std::string key_id{};
  std::string enterprise_id{};
  std::string user_id{};
};

/// Threads: any.
class Credentials {
 public:
  /// One reading of every source. Immutable, shared by the requests that are under way with it.
  struct Held {
    std::vector<Secret> secrets{};                    ///< in the order to be tried (rule S6)
    std::shared_ptr<const crypto::SigningKey> key{};  ///< shared with a reading that found no other
    std::string key_digest{};                         ///< tells one reading's key from another's
    std::string label{};  ///< tells one reading from another, and nothing of it
    AppFacts app{};
  };
  using HeldPtr = std::shared_ptr<const Held>;

  /// Reads everything; each mistake is noted, and then nothing is returned.
  /// Blocks: files, commands.
  [[nodiscard]] static std::unique_ptr<Credentials> make(const Config& config,
                                                         const ProviderConfig& provider,
                                                         std::shared_ptr<Clock> clock,
                                                         std::vector<Mistake>& mistakes);

  [[nodiscard]] HeldPtr held() const {
    return held_.with([](const HeldPtr& held) { return held; });
  }

  /// Reads every source again (rule S6). One that fails keeps what it gave before.
  /// Errors: that of the first that failed; what the others gave is in use all the same.
  /// Blocks: files, commands.
  [[nodiscard]] Result<void> reload();

  /// The sources by name, for hints.
  [[nodiscard]] std::string description() const;

 private:
  struct Problem {
    std::string key;
    Error error;
  };
  Credentials(const Config& config, const ProviderConfig& provider, std::shared_ptr<Clock> clock);
  /// `before`: where a source that fails finds what it gave the last time; nothing at the start.
  [[nodiscard]] Held read(const Held* before, std::vector<Problem>& problems) const;
  void read_secrets(const Held* before, Held& held, std::vector<Problem>& problems) const;
  // These change nothing of `held` unless they succeed.
  [[nodiscard]] bool read_app_config(Held& held, std::vector<Problem>& problems) const;
  [[nodiscard]] bool read_key(Held& held, std::vector<Problem>& problems) const;
  [[nodiscard]] bool take_key(const Secret& pem, const Secret& passphrase, const char* source,
                              Held& held, std::vector<Problem>& problems) const;
  void keep_app_config(const Held& before, Held& held) const;

  const std::string app_config_;
  const crypto::JwsAlgorithm algorithm_;
  std::vector<std::unique_ptr<secrets::SecretSource>> secret_sources_;
  std::unique_ptr<secrets::SecretSource> key_source_;
  std::unique_ptr<secrets::SecretSource> passphrase_source_;
  const std::shared_ptr<Clock> clock_;  // shared with the client
  base::Guarded<HeldPtr> held_;
};

/// Tells one secret from another without keeping either.
[[nodiscard]] std::string digest_of(const Secret& secret);

/// Reads one secret from a source written in a configuration. Errors: as its source.
[[nodiscard]] std::unique_ptr<secrets::SecretSource> source_of(const Config& config,
                                                               const std::string& text,
                                                               const std::shared_ptr<Clock>& clock);

}  // namespace valetkey::api
