// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a token is first got: one implementation a grant.

#include <memory>
#include <optional>
#include <string>

#include "api/conversation.h"
#include "base/guarded.h"
#include "oauth/token_response.h"

namespace valetkey::api {

class GrantSource {
 public:
  virtual ~GrantSource() = default;

  /// Blocks: network, perhaps a file. Threads: any.
  [[nodiscard]] virtual Result<oauth::TokenAnswer> fetch(const TokenRequest& request,
                                                         const Note& note, Deadline deadline) = 0;
};

/// client_credentials (RFC 6749 §4.4) and jwt (RFC 7523 §2.1): as often as one likes.
class ServerGrant final : public GrantSource {
 public:
  ServerGrant(Conversation& conversation, oauth::Grant grant, std::string algorithm,
              std::string key_id)
      : conversation_(conversation),
        grant_(grant),
        algorithm_(std::move(algorithm)),
        key_id_(std::move(key_id)) {}

  Result<oauth::TokenAnswer> fetch(const TokenRequest& request, const Note& note,
                                   Deadline deadline) override;

 private:
  Conversation& conversation_;
  const oauth::Grant grant_;
  const std::string algorithm_;
  const std::string key_id_;
};

/// refresh_token (RFC 6749 §6): each use brings a new one, which is on disk before the access token
/// is used. The file is locked meanwhile, so that two processes never spend the same token.
class RefreshGrant final : public GrantSource {
 public:
  /// `replayable`: the server gives the same pair again when a reply was lost, as Box does.
  RefreshGrant(Conversation& conversation, std::string path, bool replayable,
               std::shared_ptr<Clock> clock)
      : conversation_(conversation),
        path_(std::move(path)),
        replayable_(replayable),
        clock_(std::move(clock)) {}

  Result<oauth::TokenAnswer> fetch(const TokenRequest& request, const Note& note,
                                   Deadline deadline) override;

 private:
  /// A token that could not be saved, although the one in the file had been spent for it.
  struct Unsaved {
    std::string spent;  ///< the digest of that one
    Secret token;
  };
  [[nodiscard]] Secret newest(Secret held);
  [[nodiscard]] Result<void> save(const Secret& spent, Secret next);

  Conversation& conversation_;
  const std::string path_;
  const bool replayable_;
  const std::shared_ptr<Clock> clock_;  // shared with the client
  base::Guarded<std::optional<Unsaved>> unsaved_;
};

/// A developer token (rule V2): read, never fetched, never refreshed.
class DeveloperGrant final : public GrantSource {
 public:
  DeveloperGrant(oauth::Profile profile, std::unique_ptr<secrets::SecretSource> source,
                 std::shared_ptr<Clock> clock);

  Result<oauth::TokenAnswer> fetch(const TokenRequest& request, const Note& note,
                                   Deadline deadline) override;

  /// It was refused: it has ended, and only a person can get the next one.
  void note_unauthorized(const Fingerprint& fingerprint);

  /// What is to be said then.
  [[nodiscard]] Failure ended() const;

 private:
  const oauth::Profile profile_;
  const std::unique_ptr<secrets::SecretSource> source_;
  const std::shared_ptr<Clock> clock_;  // shared with the client
  base::Guarded<std::optional<Fingerprint>> ended_one_;
};

}  // namespace valetkey::api
