// SPDX-License-Identifier: Apache-2.0
#include "api/attempts.h"

#include <algorithm>
#include <string>
#include <utility>

namespace valetkey::api {

Result<HttpResponse> send_patiently(const SessionParts& parts, const HttpRequest& request,
                                    Deadline deadline) {
  if (parts.stopper->stopped()) return fail(Errc::cancelled, "valetkey is shutting down");
  const Instant now = parts.clock->now();
  const auto patience = std::max<std::chrono::nanoseconds>(patience_min, deadline.left(now) / 2);
  auto response = parts.transport->send(request, deadline.sooner({now + patience}));
  if (response || response.error().code != Errc::timed_out) return response;
  if (deadline.at <= now + patience) return response;
  return fail(Errc::unreachable,
              "the provider did not answer within " +
                  std::to_string(std::chrono::ceil<std::chrono::seconds>(patience).count()) + " s",
              "try again in a moment; the provider is having trouble");
}

Result<void> attempt_until_good(const std::function<Ending()>& attempt, const SessionParts& parts,
                                const Note& note, Deadline deadline) {
  for (unsigned number = 1;; ++number) {
    Ending ending = attempt();
    if (!ending.error) return {};
    http::Attempt tried;
    tried.number = number;
    tried.status = ending.status;
    tried.failure = ending.error->code;
    tried.retry_after = ending.error->retry_after;
    tried.replayable = ending.replayable;
    const auto delay =
        http::next_delay(tried, parts.retry, parts.jitter(), deadline.left(parts.clock->now()));
    if (!delay) return fail(std::move(*ending.error));
    note(*ending.error);
    if (!parts.stopper->wait_until(parts.clock->now() + *delay)) {
      return fail(Errc::cancelled, "valetkey is shutting down");
    }
  }
}

}  // namespace valetkey::api
