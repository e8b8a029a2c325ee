// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/revocation_log.h"

#include <algorithm>
#include <utility>

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds head_life = 24h * 30;
constexpr unsigned tries_max = 64;
constexpr std::size_t batches_max = 16;  ///< in one look, so that it ends in time
constexpr std::size_t batch_max = 64;    ///< entries in one question

}  // namespace

RevocationLog::RevocationLog(SharedStore& store) : store_(store) {
  for (const std::size_t copy : all_copies())
    head_names_.push_back({"log", copy});
  seen_.with([&](std::vector<Seen>& seen) { seen.resize(head_names_.size()); });
}

std::vector<std::size_t> RevocationLog::all_copies() const {
  std::vector<std::size_t> copies;
  for (std::size_t copy = 0; copy < store_.copies(); ++copy)
    copies.push_back(copy);
  return copies;
}

StoredName RevocationLog::slot_name(const std::string& epoch, std::uint64_t slot,
                                    std::size_t copy) const {
  return {"log:" + epoch + ":" + std::to_string(slot), copy};
}

RevocationLog::Look RevocationLog::read(std::vector<SharedStore::Found> heads, ClockOffset offset,
                                        std::vector<Progress>& progress, Deadline deadline) {
  Look look;
  for (std::size_t copy = 0; copy < heads.size(); ++copy) {
    auto done = read_copy(copy, std::move(heads[copy]), offset, look, progress, deadline);
    if (done) {
      look.answered = true;
    } else {
      look.error = std::move(done).error();
    }
  }
  return look;
}

Result<RevocationLog::Head> RevocationLog::head_in(SharedStore::Found found, ClockOffset offset) {
  if (!found) return failure_of(std::move(found));
  if (!*found) return Head{};
  auto head = decode_head((*found)->bytes, offset);
  if (!head) return failure_of(std::move(head));
  return Head{std::move(*head), std::move((*found)->version)};
}

RevocationLog::Seen RevocationLog::seen_of(std::size_t copy) const {
  return seen_.with([copy](const std::vector<Seen>& all) { return all[copy]; });
}

Result<void> RevocationLog::read_copy(std::size_t copy, SharedStore::Found found,
                                      ClockOffset offset, Look& look,
                                      std::vector<Progress>& progress, Deadline deadline) {
  auto head = head_in(std::move(found), offset);
  if (!head) return failure_of(std::move(head));
  const Seen seen = seen_of(copy);
  const auto is_ahead = [&] {
    return head->log.epoch == seen.epoch && head->log.last >= seen.slot;
  };
  if (!seen.epoch.empty() && !is_ahead()) {
    // Another thread may have asked later and been answered sooner. What is answered to a question
    // that is asked now cannot be older than what was seen.
    head = head_in(std::move(store_.get({head_names_[copy]}, deadline).front()), offset);
    if (!head) return failure_of(std::move(head));
    look.was_lost |= !is_ahead();
  }
  if (head->log.epoch.empty()) {
    if (!seen.epoch.empty()) progress.push_back({.copy = copy});
    return {};
  }
  if (is_ahead()) {
    if (!head->version.empty() && head->version == seen.version) return {};
    // From the last entry that is known: it tells whether the log before it is the one we read.
    const Range range{.from = std::max<std::uint64_t>(seen.slot, 1), .tail = seen.tail};
    auto done = read_entries(copy, *head, range, offset, look, progress, deadline);
    if (!done) return failure_of(std::move(done));
    if (*done) return {};
    look.was_lost = true;
  }
  const bool went_back = head->log.epoch == seen.epoch;
  auto done = read_entries(copy, *head, {.from = 1, .tail = {}, .has_places = !went_back}, offset,
                           look, progress, deadline);
  if (!done) return failure_of(std::move(done));
  if (!went_back) return {};
  // A server came back with an older state of itself. Places that were given out before must not
  // be given out again, or a fence would seem to be older than what was fetched before it. Errors:
  // it is found to have gone back once more, and mended then.
  progress.back().went_back = true;
  if (head->log.last < seen.slot) {
    head->log.last = seen.slot;
    (void)store_.put(head_names_[copy], head->version, encode_head(head->log, offset), head_life,
                     deadline);
  }
  return {};
}

Result<bool> RevocationLog::read_entries(std::size_t copy, const Head& head, const Range& range,
                                         ClockOffset offset, Look& look,
                                         std::vector<Progress>& progress, Deadline deadline) {
  const LogHead& log = head.log;
  std::uint64_t next = std::max(range.from, std::min(log.first(), log.last));
  Progress done{.copy = copy, .epoch = log.epoch, .seen = log.last};
  std::size_t batches = 0;
  std::uint64_t tail_slot = 0;
  while (next != 0 && next <= log.last && (++batches <= batches_max || !range.has_places)) {
    std::vector<StoredName> names;
    for (; next <= log.last && names.size() < batch_max; ++next)
      names.push_back(slot_name(log.epoch, next, copy));
    auto entries = store_.get(names, deadline);
    for (std::size_t index = 0; index < entries.size(); ++index) {
      const std::uint64_t slot = next - names.size() + index;
      auto& entry = entries[index];
      if (!entry) return failure_of(std::move(entry));
      if (!*entry) continue;  // it has ended, or was thrown out
      auto revocation = decode_revocation((*entry)->bytes, offset);
      if (!revocation) continue;
      const bool is_known_tail = slot == range.from && !range.tail.empty();
      if (is_known_tail && revocation->id != range.tail) return false;
      tail_slot = slot;
      done.tail = revocation->id;
      if (is_known_tail) continue;
      LearntRevocation learnt{std::move(*revocation)};
      if (copy == 0 && range.has_places) learnt.position = LogPosition{log.epoch, slot};
      look.news.push_back(std::move(learnt));
    }
  }
  if (next <= log.last && next != 0) {
    look.has_more = true;
    done.seen = next - 1;
  } else {
    done.version = head.version;
  }
  if (tail_slot != done.seen) done.tail.clear();
  progress.push_back(std::move(done));
  return true;
}

void RevocationLog::noted(const std::vector<Progress>& progress) {
  seen_.with([&](std::vector<Seen>& all) {
    for (const auto& one : progress) {
      Seen& seen = all[one.copy];
      const bool is_same = seen.epoch == one.epoch;
      // Another thread may have read further meanwhile.
      if (is_same && seen.slot > one.seen && !one.went_back) continue;
      // Where it went back, its places count on from where they were.
      const std::uint64_t slot = is_same ? std::max(seen.slot, one.seen) : one.seen;
      seen = {one.epoch, slot, one.tail, one.version};
    }
  });
}

std::optional<LogPosition> RevocationLog::position() const {
  return seen_.with([](const std::vector<Seen>& all) -> std::optional<LogPosition> {
    if (all.empty() || all.front().epoch.empty()) return std::nullopt;
    return LogPosition{all.front().epoch, all.front().slot};
  });
}

Result<void> RevocationLog::append(const Revocation& revocation, const std::string& new_epoch,
                                   std::vector<std::size_t>& copies, ClockOffset offset,
                                   Instant now, const std::function<Deadline()>& deadline_of_each) {
  Result<void> last;
  std::erase_if(copies, [&](std::size_t copy) {
    auto done = append_to(copy, revocation, new_epoch, offset, now, deadline_of_each());
    const bool is_done = done.has_value();
    if (!is_done) last = std::move(done);
    return is_done;
  });
  return last;
}

Result<void> RevocationLog::append_to(std::size_t copy, const Revocation& revocation,
                                      const std::string& new_epoch, ClockOffset offset, Instant now,
                                      Deadline deadline) {
  const auto life = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<std::chrono::nanoseconds>(revocation.until - now, 1s, head_life));
  const Secret bytes = encode_revocation(revocation, offset);
  std::string claimed_epoch;
  std::uint64_t claimed = 0;
  for (unsigned tried = 0; tried < tries_max; ++tried) {
    auto found = head_in(std::move(store_.get({head_names_[copy]}, deadline).front()), offset);
    // Sealed by one of us, and unreadable: another version's. To write over it would lose theirs.
    if (!found) return failure_of(std::move(found));
    auto& [head, version] = *found;
    if (head.epoch.empty()) {
      // The head of nothing comes first: if the log is lost between claim and head, that shows. So
      // it does when it is lost again: each beginning is an epoch of its own.
      const LogHead none{.epoch = new_epoch + (tried == 0 ? "" : "-" + std::to_string(tried))};
      auto begun =
          store_.put(head_names_[copy], "", encode_head(none, offset), head_life, deadline);
      if (!begun) return failure_of(std::move(begun));
      continue;
    }
    if (claimed == 0 || claimed_epoch != head.epoch) {
      claimed_epoch = head.epoch;
      // Nor below what was read here, if the log went back to an older state of itself.
      const Seen seen = seen_of(copy);
      const std::uint64_t known = seen.epoch == head.epoch ? seen.slot : 0;
      claimed = std::max({head.last, claimed, known}) + 1;
      auto put = store_.put(slot_name(head.epoch, claimed, copy), "", bytes, life, deadline);
      if (!put) return failure_of(std::move(put));
      // Somebody else's claim, whose head is on its way; the next slot may be free.
      if (!*put) {
        claimed_epoch.clear();
        continue;
      }
    }
    auto moved = store_.put(head_names_[copy], version,
                            encode_head(appended(head, claimed, revocation.until, now), offset),
                            head_life, deadline);
    if (!moved) return failure_of(std::move(moved));
    if (!*moved) continue;
    // Known from now on, so that its loss is noticed even before it was first read.
    seen_.with([&, &epoch = head.epoch](std::vector<Seen>& all) {
      if (all[copy].epoch.empty()) all[copy].epoch = epoch;
    });
    return {};
  }
  return fail(Errc::unreachable, "the log of revocations is written to by too many at once");
}

}  // namespace valetkey::lifecycle
