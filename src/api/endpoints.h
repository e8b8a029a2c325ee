// SPDX-License-Identifier: Apache-2.0
#pragma once
// A provider's endpoints: configured, or found by its issuer (RFC 8414).

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "api/attempts.h"
#include "oauth/profile.h"
#include "valetkey/http.h"

namespace valetkey::api {

/// Metadata is asked for by whoever needs it first; the others wait, and share what comes of it.
/// After a day it is looked up anew, while what is known goes on being used. Threads: any.
class Endpoints {
 public:
  Endpoints(oauth::Profile base, bool auth_method_is_configured, SessionParts parts);

  /// What the configuration alone says.
  [[nodiscard]] const oauth::Profile& base() const { return base_; }

  /// With every endpoint. Errors: as Transport::send, malformed_response, misconfigured (a wrong
  /// issuer). Blocks: network, with retries, once a day.
  [[nodiscard]] Result<oauth::Profile> resolved(const Note& note, Deadline deadline);

 private:
  using Answer = std::optional<Result<oauth::Profile>>;

  [[nodiscard]] Answer await_asker(std::unique_lock<std::mutex>& lock, const Note& note,
                                   Deadline deadline);
  [[nodiscard]] Result<oauth::Profile> discover(const Note& note, Deadline deadline);
  [[nodiscard]] Ending look_up(oauth::Profile& found, Deadline deadline) const;
  [[nodiscard]] Result<oauth::Profile> renewed(Deadline deadline);
  void tell_waiters(const Error& error);

  const oauth::Profile base_;
  const bool auth_method_is_configured_;
  const SessionParts parts_;

  std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  bool asking_ = false;
  unsigned rounds_ = 0;  ///< of asking that have ended
  std::optional<oauth::Profile> resolved_;
  std::optional<Instant> renew_at_;  ///< absent: never, as it is all in the configuration
  std::optional<Error> failure_;     ///< of the last round
  bool was_hurried_ = false;         ///< it failed for want of time, which others may have
  std::optional<Error> noted_;       ///< of the last attempt that another one follows
  unsigned notes_ = 0;
};

}  // namespace valetkey::api
