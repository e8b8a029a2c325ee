// SPDX-License-Identifier: Apache-2.0
#include "api/endpoints.h"

#include <utility>

#include "base/log.h"
#include "oauth/metadata.h"
#include "oauth/token_request.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto renewal_interval = 24h;
constexpr auto renewal_delay_after_failure = 1h;
constexpr auto renewal_time_max = 5s;

/// Of what two addresses answered, the more telling. A document that cannot be used says more than
/// that there is none, and a server that stumbles may have one.
unsigned weight_of(const Ending& ending) {
  if (ending.status >= 200 && ending.status <= 299) return 2;
  const Errc code = ending.error->code;
  return code == Errc::unreachable || code == Errc::throttled ? 1 : 0;
}

}  // namespace

Endpoints::Endpoints(oauth::Profile base, bool auth_method_is_configured, SessionParts parts)
    : base_(std::move(base)),
      auth_method_is_configured_(auth_method_is_configured),
      parts_(std::move(parts)) {
  if (!base_.token_endpoint.empty()) resolved_ = base_;
}

Result<oauth::Profile> Endpoints::resolved(const Note& note, Deadline deadline) {
  bool is_renewal = false;
  {
    std::unique_lock lock(mutex_);
    if (auto answer = await_asker(lock, note, deadline)) return std::move(*answer);
    asking_ = true;
    is_renewal = resolved_.has_value();
  }
  return is_renewal ? renewed(deadline) : discover(note, deadline);
}

/// Nothing: the caller is to ask.
Endpoints::Answer Endpoints::await_asker(std::unique_lock<std::mutex>& lock, const Note& note,
                                         Deadline deadline) {
  const Clock& clock = *parts_.clock;
  const unsigned round = rounds_;
  unsigned heard = notes_;
  while (asking_ && !resolved_ && !deadline.passed(clock.now())) {
    parts_.clock->wait(changed_, lock, deadline.at);
    if (notes_ == heard) continue;
    heard = notes_;
    const Error noted = *noted_;
    lock.unlock();
    note(noted);
    lock.lock();
  }
  const Instant now = clock.now();
  if (resolved_ && (asking_ || !renew_at_ || now < *renew_at_)) return Answer(*resolved_);
  if (asking_) {
    return Answer(fail(Errc::timed_out, "the deadline passed while asking for metadata"));
  }
  if (rounds_ == round || !failure_) return std::nullopt;
  if (was_hurried_ && deadline.left(now) > patience_min) return std::nullopt;
  return Answer(fail(*failure_));
}

Result<oauth::Profile> Endpoints::discover(const Note& note, Deadline deadline) {
  oauth::Profile found;
  const auto tell = [&](const Error& error) {
    note(error);
    tell_waiters(error);
  };
  auto asked = attempt_until_good([&] { return look_up(found, deadline); }, parts_, tell, deadline);
  {
    const std::lock_guard lock(mutex_);
    const Instant now = parts_.clock->now();
    asking_ = false;
    ++rounds_;
    if (asked) {
      resolved_ = found;
      renew_at_ = now + renewal_interval;
    } else {
      failure_ = asked.error();
      was_hurried_ = deadline.left(now) < patience_min;
    }
  }
  changed_.notify_all();
  if (!asked) return failure_of(std::move(asked));
  return found;
}

Result<oauth::Profile> Endpoints::renewed(Deadline deadline) {
  const Deadline patience = deadline.sooner({parts_.clock->now() + renewal_time_max});
  oauth::Profile found;
  const auto asked = attempt_until_good([&] { return look_up(found, patience); }, parts_,
                                        [](const Error&) {}, patience);
  if (!asked) {
    base::log(LogLevel::warning, "provider " + base_.name +
                                     ": its metadata could not be looked up anew, and what is "
                                     "known goes on being used: " +
                                     describe(asked.error()));
  }
  const std::lock_guard lock(mutex_);
  const Instant now = parts_.clock->now();
  asking_ = false;
  renew_at_ = now + (asked ? renewal_interval : renewal_delay_after_failure);
  if (asked) resolved_ = std::move(found);
  return *resolved_;
}

Ending Endpoints::look_up(oauth::Profile& found, Deadline deadline) const {
  Ending told;
  for (const auto& url : oauth::metadata_urls(base_.issuer)) {
    auto response = send_patiently(parts_, oauth::metadata_request(url), deadline);
    if (!response) return {.error = std::move(response).error()};
    auto metadata = oauth::parse_metadata(*response, base_.issuer);
    if (metadata) {
      found = base_;
      oauth::apply_metadata(found, *metadata, auth_method_is_configured_);
      return {};
    }
    Ending ending{.error = std::move(metadata).error(), .status = response->status};
    if (!told.error || weight_of(ending) > weight_of(told)) told = std::move(ending);
  }
  if (!told.error) {
    told.error = Error{.code = Errc::misconfigured,
                       .context = "the issuer is no address that metadata could be asked for at",
                       .hint = "check issuer in the provider's configuration"};
  }
  return told;
}

void Endpoints::tell_waiters(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    noted_ = error;
    ++notes_;
  }
  changed_.notify_all();
}

}  // namespace valetkey::api
