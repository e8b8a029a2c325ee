// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all processes know of one key: its token, who fetches it, how the last fetch failed.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "lifecycle/byte_format.h"
#include "lifecycle/policy.h"
#include "valetkey/token_cache.h"

// One value of the shared cache holds all of it, and is replaced only by whoever has seen it
// (compare-and-swap). That makes one write of what would otherwise be several with gaps between
// them: taking the lease is re-reading the token, landing a token is giving the lease back, and a
// holder who slept past his lease finds another's name in it and cannot write.

namespace valetkey::lifecycle {

/// The right to fetch a key's token, for the whole fleet.
struct Lease {
  std::string owner{};       ///< a process; see FleetParts::self
  std::uint64_t number = 0;  ///< grows with each lease of the key: the fence
  Instant until{};
};

/// Where somebody stood in the log of revocations: what came later is not known to him.
struct LogPosition {
  std::string epoch{};
  std::uint64_t slot = 0;

  bool operator==(const LogPosition&) const = default;
};

/// A failure that the provider spoke, remembered for everyone (rule C9).
struct SharedFailure {
  Error error{.code = Errc::unreachable, .context = {}};
  Instant until{};
  unsigned count = 0;
  std::string credentials{};  ///< what it was refused to; to others it says nothing (rule S6)
};

struct SharedRecord {
  std::optional<CachedToken> token{};
  std::optional<LogPosition> token_position{};  ///< of its fetcher, before it was asked for
  std::uint64_t leases = 0;                     ///< given out so far
  std::optional<Lease> lease{};
  std::optional<SharedFailure> failure{};
  std::optional<Instant> forced_at{};     ///< last refresh that a 401 or min_life forced (rule U1)
  bool force_succeeded = false;           ///< the token came after `forced_at`
  std::optional<Fingerprint> rejected{};  ///< an API refused the token with this fingerprint
  std::optional<Instant> proven_until{};  ///< of credentials: nobody need try them first till then
};

/// What a flight wants of the shared cache.
struct Wish {
  std::optional<Fingerprint> rejected{};  ///< any token but this one, which an API refused
  std::chrono::seconds min_life{0};
  bool is_refresh = false;    ///< a usable token is held; a newer one is wanted
  std::string credentials{};  ///< what we would prove ourselves with
  std::string salt{};         ///< makes a holder of its own of one thread of this process
  bool is_trial = false;      ///< of credentials, and not for a token
  /// Waits for another process no longer than this; absent: as long as its lease.
  std::optional<std::chrono::nanoseconds> patience{};
};

enum class BoardingStep : std::uint8_t {
  serve,  ///< the record's token
  wait,   ///< another process fetches
  fetch,  ///< take the lease, and fetch
  fail,   ///< say the remembered failure again, or that no such life is to be had
};

struct Boarding {
  BoardingStep step = BoardingStep::fetch;
  bool is_forced = false;  ///< the fetch counts against the interval of forced refreshes
};

/// The policy of policy.h, applied to what the fleet knows (rules C4, C5, C9, U1). A lease counts
/// unless it has run out, is our own, or `holder_is_gone`.
[[nodiscard]] Boarding next_boarding(const SharedRecord& record, const Wish& wish,
                                     const std::string& self, bool holder_is_gone, Instant now,
                                     const CachePolicy& policy);

/// The same record with a lease for `self`.
void take_lease(SharedRecord& record, const Wish& wish, const std::string& self, bool is_forced,
                Instant now, std::chrono::nanoseconds lease);
[[nodiscard]] bool holds_lease(const SharedRecord& record, const std::string& self,
                               std::uint64_t number);
/// Ends the lease with a token, which is good news in every respect.
void land_token(SharedRecord& record, CachedToken token, std::optional<LogPosition> position);

/// How long the record says anything.
[[nodiscard]] std::chrono::milliseconds life_of(const SharedRecord& record, Instant now,
                                                const CachePolicy& policy);

[[nodiscard]] Secret encode_record(const SharedRecord& record, ClockOffset offset);
/// Errors: malformed_response. SECURITY: outside bytes; every length and count has a bound.
[[nodiscard]] Result<SharedRecord> decode_record(const Secret& bytes, ClockOffset offset);

}  // namespace valetkey::lifecycle
