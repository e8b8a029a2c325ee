// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where secrets are got from, again and again (rules S2, S6).

#include <memory>
#include <string>

#include "secrets/secret_ref.h"
#include "valetkey/error.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey::secrets {

/// Threads: any.
class SecretSource {
 public:
  virtual ~SecretSource() = default;

  /// Reads the secret as it is now. Errors: secret_unavailable, exhausted, timed_out.
  /// Blocks: disk or a program, until the deadline.
  [[nodiscard]] virtual Result<Secret> load(Deadline deadline) = 0;

  /// "file:/etc/valetkey/box.secret": for hints; never the secret.
  [[nodiscard]] virtual std::string description() const = 0;
};

/// An env: source takes its variable out of the environment at once.
[[nodiscard]] std::unique_ptr<SecretSource> make_source(const SecretRef& ref,
                                                        std::shared_ptr<Clock> clock);

}  // namespace valetkey::secrets
