// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a cache server is to valetkey: values by name, each replaced only by whoever has seen it.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "valetkey/error.h"
#include "valetkey/secret.h"
#include "valetkey/time.h"

namespace valetkey {

/// Where a value lies. `text` is at most 200 bytes; a store of a cache server wants letters, digits
/// and `:_-` alone, which is what sealed names consist of.
struct StoredName {
  std::string text{};
  /// Which of the store's copies (see SharedStore::copies); absent: the one that the name falls to.
  std::optional<std::size_t> copy{};

  bool operator==(const StoredName&) const = default;
};

struct StoredValue {
  Secret bytes{};         ///< a secret, because some stores take plain values and seal them
  std::string version{};  ///< for `put`: tells this value from any other of this name
};

/// Values that many processes share. Losing one costs a fetch and never an answer. Threads: any.
class SharedStore {
 public:
  virtual ~SharedStore() = default;

  using Found = Result<std::optional<StoredValue>>;

  /// One answer for each name, in their order, whatever becomes of the others: nothing where
  /// nothing is, or nothing that is ours. Errors: unreachable, timed_out; malformed_response when
  /// the server answers rubbish; access_denied when it refuses us. Blocks: one round trip, at most
  /// until the deadline.
  [[nodiscard]] virtual std::vector<Found> get(const std::vector<StoredName>& names,
                                               Deadline deadline) = 0;

  /// Writes, if what is there still has `version`; with an empty version, if nothing is there.
  /// False: something else is there now, or nothing any more. `life` is from now; it is rounded up
  /// to what the server can count.
  /// Errors: as `get`; exhausted when the server is reached and will not take the value (larger
  /// than it allows, no memory left). Blocks: one round trip, at most until the deadline.
  [[nodiscard]] virtual Result<bool> put(const StoredName& name, const std::string& version,
                                         const Secret& bytes, std::chrono::milliseconds life,
                                         Deadline deadline) = 0;

  /// The server's own clock, by which processes on machines that disagree can agree. Whole seconds
  /// are enough. Errors, Blocks: as `get`.
  [[nodiscard]] virtual Result<WallTime> time(Deadline deadline) = 0;

  /// How many servers keep a copy of their own of a value that is put once for each (the log of
  /// revocations), so that the loss of one loses none. At least 1.
  [[nodiscard]] virtual std::size_t copies() const = 0;

  /// "memcached 127.0.0.1:11211": for messages.
  [[nodiscard]] virtual std::string description() const = 0;
};

/// Wakes the other processes at once. Not every server has one; without, they look by themselves,
/// about once a second. Threads: any.
class SharedBell {
 public:
  enum class Hearing : std::uint8_t {
    listening,    ///< a ring reaches us
    deaf,         ///< not now; being mended
    unavailable,  ///< never here: the server does not let us listen, or this machine cannot
  };

  virtual ~SharedBell() = default;

  /// Calls `heard` at each ring of anyone's. It returns whether whatever may have been rung for has
  /// taken effect: only then is whoever rang told so, and only then does the bell listen; else it
  /// is deaf, and calls `heard` again soon. `heard` must not call back into the bell. To be called
  /// once, before anyone rings; the connection is made, and made again, behind the caller's back,
  /// and `heard` is called each time it was made, because rings may have been missed.
  virtual void listen(std::function<bool()> heard) = 0;
  [[nodiscard]] virtual Hearing hearing() const = 0;

  /// True: everyone who listens has heard. False: some had not when the deadline passed.
  /// Errors: as SharedStore::get. Blocks: until then.
  [[nodiscard]] virtual Result<bool> ring(Deadline deadline) = 0;

  /// Ends listening. Blocks: until `heard` has returned.
  virtual void stop() = 0;
};

}  // namespace valetkey
