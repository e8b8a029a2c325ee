// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shared_record.h"

#include <algorithm>
#include <utility>

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

bool lease_counts(const SharedRecord& record, const std::string& self, bool holder_is_gone,
                  Instant now) {
  return record.lease && now < record.lease->until && record.lease->owner != self &&
         !holder_is_gone;
}

bool is_rejected(const SharedRecord& record, const Wish& wish) {
  if (!record.token) return false;
  const Fingerprint& fingerprint = record.token->token.fingerprint();
  return record.rejected == fingerprint || wish.rejected == fingerprint;
}

}  // namespace

Boarding next_boarding(const SharedRecord& record, const Wish& wish, const std::string& self,
                       bool holder_is_gone, Instant now, const CachePolicy& policy) {
  if (wish.is_trial && record.proven_until && now < *record.proven_until) {
    return {BoardingStep::serve};
  }
  Situation situation;
  if (record.token) situation.held = record.token->lifetime;
  situation.rejected = is_rejected(record, wish);
  situation.is_successor = record.force_succeeded;
  situation.refreshing = lease_counts(record, self, holder_is_gone, now);
  situation.forced_at = record.forced_at;
  if (record.failure && record.failure->credentials == wish.credentials) {
    situation.blocked_until = record.failure->until;
  }
  situation.min_life = wish.min_life;

  const Action action = next_action(situation, now, policy);
  switch (action) {
    case Action::serve:
      // Ahead, and another process refreshes: whoever came for a newer one waits for it, so that
      // his process does not look again with every ask.
      if (wish.is_refresh && situation.refreshing) return {BoardingStep::wait};
      return {BoardingStep::serve};
    case Action::serve_and_refresh:
      return {wish.is_refresh ? BoardingStep::fetch : BoardingStep::serve};
    case Action::refresh_or_serve:
    case Action::refresh:
    case Action::force:
      if (situation.refreshing) return {BoardingStep::wait};
      return {BoardingStep::fetch, action == Action::force};
    case Action::fail:
      return {BoardingStep::fail};
  }
  return {BoardingStep::fetch};
}

void take_lease(SharedRecord& record, const Wish& wish, const std::string& self, bool is_forced,
                Instant now, std::chrono::nanoseconds lease) {
  if (is_rejected(record, wish)) record.rejected = record.token->token.fingerprint();
  if (is_forced) {
    record.forced_at = now;
    record.force_succeeded = false;
  }
  record.lease = Lease{.owner = self, .number = ++record.leases, .until = now + lease};
}

bool holds_lease(const SharedRecord& record, const std::string& self, std::uint64_t number) {
  return record.lease && record.lease->owner == self && record.lease->number == number;
}

void land_token(SharedRecord& record, CachedToken token, std::optional<LogPosition> position) {
  record.token.emplace(std::move(token));
  record.token_position = std::move(position);
  record.lease.reset();
  record.failure.reset();
  record.rejected.reset();
  record.force_succeeded = record.forced_at.has_value();
}

std::chrono::milliseconds life_of(const SharedRecord& record, Instant now,
                                  const CachePolicy& policy) {
  Instant end = now + 1s;
  if (record.token) end = std::max(end, record.token->lifetime.expires_at);
  if (record.lease) end = std::max(end, record.lease->until);
  if (record.failure) end = std::max(end, record.failure->until);
  if (record.proven_until) end = std::max(end, *record.proven_until);
  if (record.forced_at) end = std::max(end, *record.forced_at + policy.forced_refresh_interval);
  return std::chrono::ceil<std::chrono::milliseconds>(end - now);
}

}  // namespace valetkey::lifecycle
