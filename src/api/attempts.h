// SPDX-License-Identifier: Apache-2.0
#pragma once
// One attempt after another at a provider, until one ends well or it is time to give up (rule U4).

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/stopper.h"
#include "http/retry_policy.h"
#include "valetkey/http.h"

namespace valetkey::api {

/// What every conversation of a client shares.
struct SessionParts {
  std::shared_ptr<Clock> clock;          // shared with the client
  std::shared_ptr<Transport> transport;  // shared with the client
  std::function<double()> jitter;
  std::shared_ptr<base::Stopper> stopper;                      // shared with the client
  std::shared_ptr<std::atomic<std::uint64_t>> token_requests;  // shared with the client's counters
  http::RetryPolicy retry{};
};

/// Told of each attempt that failed and will be followed by another.
using Note = std::function<void(const Error&)>;

/// The least time that a server is given to answer, where the deadline allows it.
inline constexpr std::chrono::seconds patience_min{5};

/// How one attempt ended.
struct Ending {
  std::optional<Error> error{};  ///< nothing: well
  int status = 0;                ///< 0: there was no answer
  bool replayable = true;        ///< acting on it twice does no harm
};

/// Sends once. A server that accepts and never answers must leave time for a second try, and is
/// `unreachable` then: our patience with it has ended, not the time of whoever asks.
/// Errors: as Transport::send; cancelled, with nothing sent, once the client has stopped.
/// Blocks: network, at most until the deadline.
[[nodiscard]] Result<HttpResponse> send_patiently(const SessionParts& parts,
                                                  const HttpRequest& request, Deadline deadline);

/// Errors: the last attempt's; cancelled. Blocks: as `attempt`, and between the attempts.
[[nodiscard]] Result<void> attempt_until_good(const std::function<Ending()>& attempt,
                                              const SessionParts& parts, const Note& note,
                                              Deadline deadline);

}  // namespace valetkey::api
