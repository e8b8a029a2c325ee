// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/revocation_log.h"

#include <algorithm>
#include <utility>

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds head_life = 24h * 30;
constexpr unsigned tries_max = 64;
constexpr std::size_t batch_max = 64;  ///< entries in one question

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
    auto& found = heads[copy];
    if (!found) {
      look.error = std::move(found).error();
      continue;
    }
    const Seen seen = seen_.with([copy](const std::vector<Seen>& all) { return all[copy]; });
    if (!*found) {
      look.answered = true;
      if (seen.epoch.empty()) continue;
      look.was_lost = true;
      progress.push_back({copy, {}, 0});
      continue;
    }
    auto head = decode_head((*found)->bytes, offset);
    if (!head) {
      look.error = std::move(head).error();
      continue;
    }
    auto done = read_copy(copy, *head, offset, look, progress, deadline);
    if (done) {
      look.answered = true;
    } else {
      look.error = std::move(done).error();
    }
  }
  return look;
}

Result<void> RevocationLog::read_copy(std::size_t copy, const LogHead& head, ClockOffset offset,
                                      Look& look, std::vector<Progress>& progress,
                                      Deadline deadline) {
  const Seen seen = seen_.with([copy](const std::vector<Seen>& all) { return all[copy]; });
  const bool is_same = seen.epoch == head.epoch && seen.slot <= head.last;
  if (is_same && seen.slot == head.last) return {};
  if (!is_same && !seen.epoch.empty()) look.was_lost = true;
  std::uint64_t next = is_same ? std::max(seen.slot + 1, head.first()) : head.first();
  while (next <= head.last) {
    std::vector<StoredName> names;
    for (; next <= head.last && names.size() < batch_max; ++next)
      names.push_back(slot_name(head.epoch, next, copy));
    auto entries = store_.get(names, deadline);
    for (std::size_t index = 0; index < entries.size(); ++index) {
      auto& entry = entries[index];
      if (!entry) return failure_of(std::move(entry));
      if (!*entry) continue;  // it has ended, or was thrown out
      auto revocation = decode_revocation((*entry)->bytes, offset);
      if (!revocation) continue;
      LearntRevocation learnt{std::move(*revocation)};
      if (copy == 0) {
        learnt.position = LogPosition{head.epoch, next - names.size() + index};
      }
      look.news.push_back(std::move(learnt));
    }
  }
  progress.push_back({copy, head.epoch, head.last});
  return {};
}

void RevocationLog::noted(const std::vector<Progress>& progress) {
  seen_.with([&](std::vector<Seen>& all) {
    for (const auto& [copy, epoch, slot] : progress) {
      Seen& seen = all[copy];
      // Another thread may have read further meanwhile.
      if (seen.epoch == epoch && seen.slot > slot) continue;
      seen = {epoch, slot};
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
                                   Instant now, Deadline deadline) {
  Result<void> last;
  std::erase_if(copies, [&](std::size_t copy) {
    auto done = append_to(copy, revocation, new_epoch, offset, now, deadline);
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
    auto found = std::move(store_.get({head_names_[copy]}, deadline).front());
    if (!found) return failure_of(std::move(found));
    LogHead head{.epoch = new_epoch};
    std::string version;
    if (*found) {
      auto decoded = decode_head((*found)->bytes, offset);
      // Sealed by one of us, and unreadable: another version's. To write over it would lose theirs.
      if (!decoded) return failure_of(std::move(decoded));
      head = std::move(*decoded);
      version = (*found)->version;
    }
    if (claimed == 0 || claimed_epoch != head.epoch) {
      claimed_epoch = head.epoch;
      claimed = std::max(head.last, claimed) + 1;
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
    if (*moved) return {};
  }
  return fail(Errc::unreachable, "the log of revocations is written to by too many at once");
}

}  // namespace valetkey::lifecycle
