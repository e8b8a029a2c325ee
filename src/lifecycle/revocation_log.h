// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was revoked, written down in the shared cache for every process to read (rule R3).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "lifecycle/byte_format.h"
#include "lifecycle/shared_record.h"
#include "valetkey/request.h"
#include "valetkey/shared_store.h"

// A head says how far the log goes; each entry is a value of its own that ends by itself when what
// it tells of has ended. To read on is one question for the head, in the same round trip as
// whatever else is asked, and one more for the entries that are new. Whoever writes claims the next
// slot first and moves the head afterwards, so that below the head nothing is missing but what has
// ended or was thrown out. Each server has a copy of its own: the loss of one loses no revocation.

namespace valetkey::lifecycle {

struct Tombstone {
  Fingerprint fingerprint{};
  Instant until{};

  bool operator==(const Tombstone&) const = default;
};

/// Everything that a process withdrew at once.
struct Revocation {
  std::string id{};  ///< no other revocation has it
  std::vector<Tombstone> tombstones{};
  bool has_fence = false;                     ///< and everything that was fetched before, of:
  std::optional<std::string> provider_key{};  ///< absent: every provider
  std::optional<Subject> subject{};           ///< absent: every subject
  Instant at{};
  Instant until{};  ///< nothing that it tells of lives longer

  bool operator==(const Revocation&) const = default;
};

/// A revocation as it was found, with its place in the first copy of the log where that is known.
struct LearntRevocation {
  Revocation revocation;
  std::optional<LogPosition> position{};
};

/// A stretch of the log whose entries are all over at `until`.
struct LogStretch {
  std::uint64_t first = 0;
  Instant since{};
  Instant until{};

  bool operator==(const LogStretch&) const = default;
};

struct LogHead {
  std::string epoch{};     ///< another one: the log was lost, and began anew
  std::uint64_t last = 0;  ///< the newest slot; slots count from 1
  std::vector<LogStretch> stretches{};

  /// The first slot worth reading.
  [[nodiscard]] std::uint64_t first() const {
    return stretches.empty() ? last + 1 : stretches.front().first;
  }
  bool operator==(const LogHead&) const = default;
};

/// The head after an entry was written to `slot`. Stretches that are over are forgotten.
[[nodiscard]] LogHead appended(LogHead head, std::uint64_t slot, Instant entry_until, Instant now);

[[nodiscard]] Secret encode_head(const LogHead& head, ClockOffset offset);
[[nodiscard]] Secret encode_revocation(const Revocation& revocation, ClockOffset offset);
/// Errors: malformed_response. SECURITY: outside bytes.
[[nodiscard]] Result<LogHead> decode_head(const Secret& bytes, ClockOffset offset);
[[nodiscard]] Result<Revocation> decode_revocation(const Secret& bytes, ClockOffset offset);

/// At most this many tombstones lie in one entry; more are written as several.
inline constexpr std::size_t tombstones_max = 4096;

/// Reads and writes every copy of the log. Threads: any. No lock is held across a question.
class RevocationLog {
 public:
  /// What a look at the heads brought.
  struct Look {
    std::vector<LearntRevocation> news{};
    bool answered = false;  ///< at least one copy was read to its end
    bool was_lost = false;  ///< a copy began anew: what we wrote must be written again
    bool has_more = false;  ///< the log is long; what is left is read by the next look
    std::optional<Error> error{};
  };

  explicit RevocationLog(SharedStore& store);

  /// To be put at the end of any question's names.
  [[nodiscard]] const std::vector<StoredName>& head_names() const { return head_names_; }

  /// `heads` are the answers for head_names(). Nothing is noted as read before `noted` is called
  /// with the same look, when its news have taken effect. Blocks: network, if there are news.
  struct Progress {
    std::size_t copy = 0;
    std::string epoch{};
    std::uint64_t seen = 0;
    std::string tail{};      ///< the id of the entry there, where there was one
    std::string version{};   ///< of the head, if it was read to its end
    bool went_back = false;  ///< the copy is an older state of itself
  };
  [[nodiscard]] Look read(std::vector<SharedStore::Found> heads, ClockOffset offset,
                          std::vector<Progress>& progress, Deadline deadline);
  void noted(const std::vector<Progress>& progress);

  /// Where we stand in the first copy; nothing while that was never read.
  [[nodiscard]] std::optional<LogPosition> position() const;

  /// Writes to every copy in `copies` and leaves there those that could not be written to.
  /// Blocks: network.
  [[nodiscard]] Result<void> append(const Revocation& revocation, const std::string& new_epoch,
                                    std::vector<std::size_t>& copies, ClockOffset offset,
                                    Instant now, const std::function<Deadline()>& deadline_of_each);
  [[nodiscard]] std::vector<std::size_t> all_copies() const;

 private:
  struct Seen {
    std::string epoch{};
    std::uint64_t slot = 0;
    std::string tail{};
    std::string version{};
  };
  /// What of a copy is to be read.
  struct Range {
    std::uint64_t from = 1;
    std::string tail{};  ///< what the entry at `from` must be, if it is there
    bool has_places = true;
  };
  [[nodiscard]] StoredName slot_name(const std::string& epoch, std::uint64_t slot,
                                     std::size_t copy) const;
  struct Head {
    LogHead log{};  ///< without an epoch: there is none
    std::string version{};
  };
  [[nodiscard]] static Result<Head> head_in(SharedStore::Found found, ClockOffset offset);
  [[nodiscard]] Seen seen_of(std::size_t copy) const;
  [[nodiscard]] Result<void> read_copy(std::size_t copy, SharedStore::Found found,
                                       ClockOffset offset, Look& look,
                                       std::vector<Progress>& progress, Deadline deadline);
  /// False: the log is not the one whose tail is known.
  [[nodiscard]] Result<bool> read_entries(std::size_t copy, const Head& head, const Range& range,
                                          ClockOffset offset, Look& look,
                                          std::vector<Progress>& progress, Deadline deadline);
  [[nodiscard]] Result<void> append_to(std::size_t copy, const Revocation& revocation,
                                       const std::string& new_epoch, ClockOffset offset,
                                       Instant now, Deadline deadline);

  SharedStore& store_;
  std::vector<StoredName> head_names_;
  base::Guarded<std::vector<Seen>> seen_;  ///< by copy
};

}  // namespace valetkey::lifecycle
