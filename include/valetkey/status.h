// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a client holds and has done; never a token.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/token.h"

namespace valetkey {

struct TokenStatus {
  Fingerprint fingerprint{};
  std::string provider{};
  Subject subject{};
  std::vector<std::string> scopes{};
  std::string resource{};
  std::optional<Fingerprint> parent{};
  std::chrono::seconds age{};
  std::chrono::seconds expires_in{};
  std::string zone{};            ///< fresh, ahead, stale, dead
  std::uint64_t hits = 0;
};

/// A revocation that the provider has not confirmed yet (rule R4).
struct PendingRevocation {
  Fingerprint fingerprint{};
  std::string provider{};
  Subject subject{};
  unsigned attempts = 0;
  std::string last_error{};
};

struct Counters {
  std::uint64_t token_requests = 0;     ///< sent to a token endpoint, retries included
  std::uint64_t fetches = 0;            ///< flights that asked a provider
  std::uint64_t forced_refreshes = 0;   ///< because of a 401
  std::uint64_t failures = 0;           ///< flights that brought no token
  std::uint64_t revocations = 0;        ///< confirmed by a provider
};

/// The cache that processes share, as this one sees it.
struct SharedCacheStatus {
  std::string servers{};             ///< empty: none is configured
  bool reachable = false;
  std::string hears = "polls";       ///< how revocations of others arrive: "at once", "polls", "deaf"
  std::string last_error{};          ///< why it is not reachable
  std::uint64_t hits = 0;            ///< flights that another process had flown
  std::uint64_t waits = 0;           ///< flights that waited for another process
  std::uint64_t taken_over = 0;      ///< leases whose holders had ended
  std::uint64_t refused_writes = 0;  ///< ours that came after our lease had run out
  std::uint64_t failures = 0;        ///< questions that no server answered
  std::uint64_t rubbish = 0;         ///< values there that nobody who has our key wrote
  std::uint64_t learnt = 0;          ///< revocations of other processes
  std::size_t untold = 0;            ///< revocations that the servers have not got yet
};

struct Status {
  SharedCacheStatus shared{};
  std::vector<TokenStatus> tokens{};
  std::vector<PendingRevocation> pending_revocations{};
  Counters counters{};
  bool memory_locked = false;           ///< secrets are kept out of swap
};

/// What became of a revocation: each token is gone from our caches in either case (rule R3).
struct RevocationReport {
  std::size_t delivered = 0;   ///< confirmed by the provider
  std::size_t pending = 0;     ///< kept, and tried again until delivered or dead by itself
  std::size_t ended = 0;       ///< dead by itself before anyone was told
  std::size_t refused = 0;     ///< the provider will never take it, as one without an endpoint
  bool untold = false;         ///< a cache is shared and was away: others learn of it when it is back
  std::optional<Error> last_error{};  ///< why something is pending or refused
};

enum class FindingLevel : std::uint8_t { good, notice, problem };

/// One line of `valetkey doctor`.
struct Finding {
  FindingLevel level = FindingLevel::good;
  std::string what{};
  std::string remedy{};
};

}  // namespace valetkey
