// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signed JWTs that prove who asks (RFC 7519, RFC 7523).

#include <chrono>
#include <string>

#include "crypto/signing_key.h"
#include "valetkey/error.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey::oauth {

struct AssertionPlan {
  std::string issuer{};
  std::string subject{};
  std::string box_sub_type{};  ///< Box: "enterprise", "user", "external"; else empty
  std::string audience{};
  std::string name{};    ///< of an actor, for people to read; else empty
  std::string key_id{};  ///< may be empty
  crypto::JwsAlgorithm algorithm = crypto::JwsAlgorithm::rs256;
  std::string jti{};  ///< fresh for every attempt (rule U3)
  WallTime now{};     ///< by the server's clock, as far as it is known
  std::chrono::seconds life{45};
  bool with_issued_at = false;
};

/// Errors: invalid_argument when a claim breaks the rules (`jti` has 16 to 128 characters);
/// misconfigured when the key does not fit the algorithm.
[[nodiscard]] Result<Secret> make_assertion(const crypto::SigningKey& key,
                                            const AssertionPlan& plan);

}  // namespace valetkey::oauth
