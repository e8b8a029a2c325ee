// SPDX-License-Identifier: Apache-2.0
#pragma once
// A call of a provider's API with a token, by rules U2, U4 and S5.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/stopper.h"
#include "http/retry_policy.h"
#include "valetkey/client.h"

namespace valetkey::api {

struct CallParts {
  std::shared_ptr<Clock> clock;          // shared with the client
  std::shared_ptr<Transport> transport;  // shared with the client
  std::function<double()> jitter;
  std::shared_ptr<base::Stopper> stopper;  // shared with the client
  std::function<Result<AccessToken>(Deadline)> token;
  std::function<void(const AccessToken&)> report_unauthorized;
  http::RetryPolicy retry{};
};

/// The URL of a call's target: a path below the first origin, or a URL of one of the origins.
/// Errors: denied_by_policy for any other origin (the token would leak), invalid_argument.
[[nodiscard]] Result<std::string> target_url(const std::string& target,
                                             const std::vector<std::string>& origins);

/// Blocks: network, at most until the deadline.
[[nodiscard]] Result<HttpResponse> call_authorized(const ApiCall& call, const std::string& url,
                                                   const CallParts& parts, Deadline deadline);

}  // namespace valetkey::api
