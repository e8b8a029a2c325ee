// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one thing that a program needs of valetkey: something that gives tokens.

#include "valetkey/error.h"
#include "valetkey/request.h"
#include "valetkey/token.h"

namespace valetkey {

/// Gives access tokens. A program that takes a TokenSource can be tested with one of its own.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  /// Errors: any; branch on remedy_for(error.code).
  /// Blocks: not when a usable token is held; else until there is one, at most until the deadline.
  /// Threads: any.
  [[nodiscard]] virtual Result<AccessToken> token(const TokenRequest& request,
                                                  Deadline deadline) = 0;
};

}  // namespace valetkey
