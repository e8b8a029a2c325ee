// SPDX-License-Identifier: Apache-2.0
#pragma once
// A provider's endpoints: configured, or found by its issuer (RFC 8414).

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "oauth/profile.h"
#include "valetkey/http.h"

namespace valetkey::api {

/// Metadata is asked for once, by whoever needs it first; the others wait. Threads: any.
class Endpoints {
 public:
  Endpoints(oauth::Profile base, bool auth_method_is_configured, std::shared_ptr<Clock> clock,
            std::shared_ptr<Transport> transport);

  /// What the configuration alone says.
  [[nodiscard]] const oauth::Profile& base() const { return base_; }

  /// With every endpoint. Errors: as Transport::send, malformed_response. Blocks: network, once.
  [[nodiscard]] Result<oauth::Profile> resolved(Deadline deadline);

 private:
  [[nodiscard]] Result<oauth::Profile> discover(Deadline deadline);

  const oauth::Profile base_;
  const bool auth_method_is_configured_;
  const std::shared_ptr<Clock> clock_;          // shared with the client
  const std::shared_ptr<Transport> transport_;  // shared with the client

  std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  bool asking_ = false;
  std::optional<oauth::Profile> resolved_;
};

}  // namespace valetkey::api
