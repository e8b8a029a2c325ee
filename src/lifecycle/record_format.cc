// SPDX-License-Identifier: Apache-2.0
// A record as bytes.
//
//   record   = version has_token [token] has_position [position] leases has_lease [lease]
//              has_failure [failure] has_forced [instant] force_succeeded
//              has_rejected [fingerprint] has_proven [instant]
//   token    = provider subject_type subject_id value fingerprint type
//              count { scope } resource link sent expires has_wall [wall]
//              has_parent [fingerprint] ahead cached dead
//   position = epoch slot
//   lease    = owner number until
//   failure  = code context hint server_text has_retry [seconds] until count credentials
//
// Whatever another version of valetkey wrote is not guessed at: it counts as nothing there.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "lifecycle/shared_record.h"

namespace valetkey::lifecycle {
namespace {

constexpr std::uint64_t record_version = 1;
constexpr std::size_t short_text_bytes_max = 1024;
constexpr std::size_t long_text_bytes_max = 4096;
constexpr std::size_t failures_max = 1U << 20U;

void put_token(ByteWriter& to, const CachedToken& cached) {
  const TokenFields& fields = cached.token.fields();
  to.put(fields.provider);
  put_subject(to, fields.subject);
  to.put(fields.value);
  to.put(fields.fingerprint);
  to.put(fields.token_type);
  to.put(std::uint64_t{fields.scopes.size()});
  for (const auto& scope : fields.scopes)
    to.put(scope);
  to.put(fields.resource);
  to.put(fields.shared_link);
  to.put(fields.sent_at);
  to.put(cached.lifetime.expires_at);
  to.put_flag(fields.expires_at_wall.has_value());
  if (fields.expires_at_wall) {
    to.put(static_cast<std::uint64_t>(fields.expires_at_wall->time_since_epoch().count()));
  }
  to.put(fields.parent);
  to.put(cached.lifetime.ahead_at);
  to.put(cached.lifetime.cached_until);
  to.put(cached.lifetime.dead_at);
}

CachedToken read_token(ByteReader& from) {
  TokenFields fields;
  fields.provider = from.text(base::provider_name_bytes_max);
  fields.subject = read_subject(from);
  fields.value = Secret(from.text(base::token_bytes_max));
  if (fields.value.empty()) from.fail();
  fields.fingerprint = from.fingerprint();
  fields.token_type = from.text(short_text_bytes_max);
  const std::size_t scopes = from.count(base::scopes_max);
  for (std::size_t read = 0; read < scopes && from.good(); ++read)
    fields.scopes.emplace_back(from.text(base::scope_bytes_max));
  fields.resource = from.text(base::url_bytes_max);
  fields.shared_link = from.text(base::url_bytes_max);
  fields.sent_at = from.instant();
  Lifetime lifetime;
  lifetime.expires_at = from.instant();
  fields.expires_at = lifetime.expires_at;
  if (from.flag()) {
    fields.expires_at_wall =
        WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(from.number())));
  }
  if (from.flag()) fields.parent = from.fingerprint();
  lifetime.ahead_at = from.instant();
  lifetime.cached_until = from.instant();
  lifetime.dead_at = from.instant();
  return {AccessToken(std::move(fields), TokenOrigin::shared), lifetime};
}

void put_failure(ByteWriter& to, const SharedFailure& failure) {
  to.put(name_of(failure.error.code));
  to.put(failure.error.context.substr(0, short_text_bytes_max));
  to.put(failure.error.hint.substr(0, long_text_bytes_max));
  to.put(failure.error.server_text.substr(0, long_text_bytes_max));
  to.put_flag(failure.error.retry_after.has_value());
  if (failure.error.retry_after) {
    to.put(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, failure.error.retry_after->count())));
  }
  to.put(failure.until);
  to.put(std::uint64_t{std::min<std::size_t>(failure.count, failures_max)});
  to.put(failure.credentials);
}

SharedFailure read_failure(ByteReader& from) {
  SharedFailure failure;
  const auto code = find_errc(from.text(short_text_bytes_max));
  if (code) {
    failure.error.code = *code;
  } else {
    from.fail();
  }
  failure.error.context = from.text(short_text_bytes_max);
  failure.error.hint = from.text(long_text_bytes_max);
  failure.error.server_text = from.text(long_text_bytes_max);
  if (from.flag()) {
    failure.error.retry_after = std::chrono::seconds(from.count(std::size_t{1} << 30U));
  }
  failure.until = from.instant();
  failure.count = static_cast<unsigned>(from.count(failures_max));
  failure.credentials = from.text(short_text_bytes_max);
  return failure;
}

}  // namespace

Secret encode_record(const SharedRecord& record, ClockOffset offset) {
  ByteWriter to(offset);
  to.put(record_version);
  to.put_flag(record.token.has_value());
  if (record.token) put_token(to, *record.token);
  to.put_flag(record.token_position.has_value());
  if (record.token_position) {
    to.put(record.token_position->epoch);
    to.put(record.token_position->slot);
  }
  to.put(record.leases);
  to.put_flag(record.lease.has_value());
  if (record.lease) {
    to.put(record.lease->owner);
    to.put(record.lease->number);
    to.put(record.lease->until);
  }
  to.put_flag(record.failure.has_value());
  if (record.failure) put_failure(to, *record.failure);
  to.put(record.forced_at);
  to.put_flag(record.force_succeeded);
  to.put(record.rejected);
  to.put(record.proven_until);
  return to.take();
}

Result<SharedRecord> decode_record(const Secret& bytes, ClockOffset offset) {
  return bytes.reveal([&](std::string_view text) -> Result<SharedRecord> {
    ByteReader from(text, offset);
    SharedRecord record;
    if (from.number() != record_version) from.fail();
    if (from.flag()) record.token.emplace(read_token(from));
    if (from.flag()) {
      LogPosition position;
      position.epoch = from.text(short_text_bytes_max);
      position.slot = from.number();
      record.token_position = std::move(position);
    }
    record.leases = from.number();
    if (from.flag()) {
      Lease lease;
      lease.owner = from.text(short_text_bytes_max);
      lease.number = from.number();
      lease.until = from.instant();
      record.lease = std::move(lease);
    }
    if (from.flag()) record.failure = read_failure(from);
    if (from.flag()) record.forced_at = from.instant();
    record.force_succeeded = from.flag();
    if (from.flag()) record.rejected = from.fingerprint();
    if (from.flag()) record.proven_until = from.instant();
    if (!from.whole()) {
      return fail(Errc::malformed_response, "a value of the shared cache is not of this version",
                  another_version_hint);
    }
    return record;
  });
}

}  // namespace valetkey::lifecycle
