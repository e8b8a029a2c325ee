// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a cache server is worth asking: what fails is left alone for a while (rule C8).

#include <cstdint>
#include <string>

#include "base/guarded.h"
#include "valetkey/error.h"
#include "valetkey/time.h"

namespace valetkey::cache {

/// Says once that a server is away and once that it is back. Threads: any.
class ServerHealth {
 public:
  /// `name`: "memcached 127.0.0.1:11211".
  explicit ServerHealth(std::string name) : name_(std::move(name)) {}

  /// Whether to ask at all. After a failure one asker at a time, first soon, then ever more seldom
  /// but every second at least, finds out whether the server is back; the others are told no.
  [[nodiscard]] bool may_ask(Instant now);
  /// The error to return when it may not be asked.
  [[nodiscard]] Error away() const;

  /// No failure since it last answered.
  [[nodiscard]] bool is_well() const;

  void failed(const Error& error, Instant now);
  void answered();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct State {
    unsigned failures = 0;  ///< in a row
    Instant next_at{};
    bool probing = false;  ///< somebody finds out just now
    Error last{.code = Errc::unreachable, .context = {}};
  };

  const std::string name_;
  base::Guarded<State> state_;
};

}  // namespace valetkey::cache
