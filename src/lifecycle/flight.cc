// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/flight.h"

#include <utility>

namespace valetkey::lifecycle {
namespace {

Result<AccessToken> copy_of(const Result<AccessToken>& landing) {
  if (!landing) return fail(landing.error());
  return landing->share();
}

}  // namespace

bool Flight::claim() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(claimed_, true);
}

void Flight::note_failure(const Error& error) {
  std::vector<std::weak_ptr<Flight>> children;
  {
    const std::lock_guard lock(mutex_);
    noted_ = error;
    children = children_;
  }
  changed_.notify_all();
  for (const auto& one : children) {
    if (const auto child = one.lock()) child->note_failure(error);
  }
}

void Flight::tell(const std::shared_ptr<Flight>& child) {
  std::optional<Error> noted;
  {
    const std::lock_guard lock(mutex_);
    if (landing_) return;
    children_.push_back(child);
    noted = noted_;
  }
  if (noted) child->note_failure(*noted);
}

void Flight::land(Result<AccessToken> landing) {
  {
    const std::lock_guard lock(mutex_);
    landing_.emplace(std::move(landing));
  }
  changed_.notify_all();
}

Result<AccessToken> Flight::await(Clock& clock, Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (!landing_ && !deadline.passed(clock.now()))
    clock.wait(changed_, lock, deadline.at);
  if (landing_) return copy_of(*landing_);
  if (noted_) return fail(*noted_);
  return fail(Errc::timed_out, "the deadline passed while waiting for the token endpoint",
              "give more time, or look at the provider with `valetkey doctor`");
}

std::optional<AccessToken> Flight::await_or_leave(Clock& clock, Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (!landing_ && !noted_ && !deadline.passed(clock.now())) {
    clock.wait(changed_, lock, deadline.at);
  }
  if (landing_ && *landing_) return (*landing_)->share();
  return std::nullopt;
}

}  // namespace valetkey::lifecycle
