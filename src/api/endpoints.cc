// SPDX-License-Identifier: Apache-2.0
#include "api/endpoints.h"

#include <utility>

#include "base/limits.h"
#include "oauth/metadata.h"

namespace valetkey::api {

Endpoints::Endpoints(oauth::Profile base, bool auth_method_is_configured,
                     std::shared_ptr<Clock> clock, std::shared_ptr<Transport> transport)
    : base_(std::move(base)),
      auth_method_is_configured_(auth_method_is_configured),
      clock_(std::move(clock)),
      transport_(std::move(transport)) {
  if (!base_.token_endpoint.empty()) resolved_ = base_;
}

Result<oauth::Profile> Endpoints::resolved(Deadline deadline) {
  {
    std::unique_lock lock(mutex_);
    while (asking_ && !deadline.passed(clock_->now()))
      clock_->wait(changed_, lock, deadline.at);
    if (resolved_) return *resolved_;
    if (asking_) return fail(Errc::timed_out, "the deadline passed while asking for metadata");
    asking_ = true;
  }
  auto found = discover(deadline);
  {
    const std::lock_guard lock(mutex_);
    asking_ = false;
    if (found) resolved_ = *found;
  }
  changed_.notify_all();
  return found;
}

Result<oauth::Profile> Endpoints::discover(Deadline deadline) {
  std::optional<Error> error;
  for (const auto& url : oauth::metadata_urls(base_.issuer)) {
    HttpRequest request;
    request.url = url;
    request.headers = {{"Accept", "application/json"}};
    request.answer_bytes_max = base::metadata_bytes_max;
    auto response = transport_->send(request, deadline);
    if (!response) return failure_of(std::move(response));
    auto metadata = oauth::parse_metadata(*response, base_.issuer);
    if (metadata) {
      oauth::Profile profile = base_;
      oauth::apply_metadata(profile, *metadata, auth_method_is_configured_);
      return profile;
    }
    // A document that cannot be used says more than that there is none.
    const bool is_document = response->status >= 200 && response->status <= 299;
    if (!error || is_document) error = std::move(metadata).error();
  }
  return fail(std::move(*error));
}

}  // namespace valetkey::api
