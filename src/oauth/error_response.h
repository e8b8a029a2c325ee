// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an authorization server means when it does not answer 2xx.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "oauth/profile.h"
#include "valetkey/error.h"
#include "valetkey/http.h"

namespace valetkey::oauth {

/// What the server had been asked.
enum class Operation : std::uint8_t {
  jwt,
  client_credentials,
  refresh_token,
  exchange,
  revocation,
  introspection,
  metadata,
};

/// Precondition: not developer_token, which asks no server.
[[nodiscard]] Operation operation_of(Grant grant) noexcept;
/// "token endpoint", "revocation endpoint" and so on, for people.
[[nodiscard]] std::string_view endpoint_name(Operation operation) noexcept;

/// 3xx is redirected (rule S5), 429 throttled, 5xx unreachable; 4xx is what its RFC 6749 §5.2 body
/// says, and malformed_response without one. Precondition: the status is not 2xx.
[[nodiscard]] Error parse_error_response(const HttpResponse& response, const Profile& profile,
                                         Operation operation);

/// Whether a refusal is of the client, whoever it had asked for: the wire's own invalid_client.
/// What else is called Errc::invalid_client may mean a user alone, as Box's refusal of a grant
/// does.
[[nodiscard]] bool refuses_client(const HttpResponse& response, const Profile& profile);

/// Rule U3: how far the server's clock is ahead of ours, when the answer to an assertion says that
/// its times are wrong, or may mean it: a refusal whose Date is 10 s or more away from our clock as
/// `corrected` for that assertion. A spent `jti` is the same correction once more: try again with a
/// new one. Nothing: no clock problem.
[[nodiscard]] std::optional<std::chrono::seconds> clock_offset(const HttpResponse& response,
                                                               const Error& error,
                                                               std::chrono::seconds corrected = {});

}  // namespace valetkey::oauth
