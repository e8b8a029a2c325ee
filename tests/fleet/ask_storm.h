// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many threads that ask one client for the tokens of many users, and what came of it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/json.hpp>

#include "valetkey/client.h"
#include "valetkey/time.h"

namespace valetkey::fleet {

struct StormPlan {
  std::string prefix{};  ///< users are PREFIX0, PREFIX1, ...
  std::size_t subjects = 0;
  std::size_t threads = 0;
  std::uint64_t seed = 0;                ///< of the order in which each thread asks
  std::chrono::milliseconds deadline{};  ///< of one ask
  bool tells_fingerprints = false;
  bool tells_waits = false;               ///< how long each ask took
  std::chrono::milliseconds busy_for{0};  ///< asks over and over until then; zero: once each
};

/// Asks, and tells: how many asks and answers, the errors by code, how long asks took, where tokens
/// came from, and the subjects of whom more than one token was served.
[[nodiscard]] boost::json::object run_storm(Client& client, Clock& clock, const StormPlan& plan);

/// Asks the provider's API who each user's token belongs to: those that belong to somebody else are
/// listed in "wrong".
[[nodiscard]] boost::json::object check_owners(Client& client, Clock& clock, const StormPlan& plan);

/// A pause of a thread that has nothing to wait for.
void pause(Clock& clock, std::chrono::nanoseconds length);

/// The `id` in the answer of /2.0/users/me; empty when there is none.
[[nodiscard]] std::string id_in(const HttpResponse& response);

[[nodiscard]] std::int64_t nanoseconds_of(Instant instant);

}  // namespace valetkey::fleet
