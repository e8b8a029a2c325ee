// SPDX-License-Identifier: Apache-2.0
// The log of revocations as bytes.
//
//   head       = version epoch last count { first since until }
//   revocation = version id count { fingerprint until } has_fence has_provider [provider_key]
//                has_subject [type id] at until
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "lifecycle/revocation_log.h"

namespace valetkey::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t head_version = 0x100;
constexpr std::uint64_t revocation_version = 0x200;
constexpr std::size_t stretches_max = 8;
constexpr auto stretch_length = 1h;
constexpr std::size_t id_bytes_max = 256;
constexpr std::size_t provider_key_bytes_max = 8192;

}  // namespace

LogHead appended(LogHead head, std::uint64_t slot, Instant entry_until, Instant now) {
  auto& stretches = head.stretches;
  std::erase_if(stretches, [now](const LogStretch& one) { return one.until <= now; });
  const bool is_new = slot > head.last;
  if (is_new && (stretches.empty() || stretches.back().since + stretch_length <= now)) {
    // From the old end on: slots between it and ours may be claimed, with their heads on the way.
    stretches.push_back({head.last + 1, now, entry_until});
  } else if (stretches.empty() || slot < stretches.front().first) {
    stretches.insert(stretches.begin(), {slot, now, entry_until});
  } else {
    const auto after = std::find_if(stretches.begin(), stretches.end(),
                                    [slot](const LogStretch& one) { return one.first > slot; });
    const auto home = std::prev(after);
    home->until = std::max(home->until, entry_until);
  }
  if (stretches.size() > stretches_max) {
    stretches[1].first = std::min(stretches[0].first, stretches[1].first);
    stretches[1].until = std::max(stretches[0].until, stretches[1].until);
    stretches.erase(stretches.begin());
  }
  head.last = std::max(head.last, slot);
  return head;
}

Secret encode_head(const LogHead& head, ClockOffset offset) {
  ByteWriter to(offset);
  to.put(head_version);
  to.put(head.epoch);
  to.put(head.last);
  to.put(std::uint64_t{head.stretches.size()});
  for (const auto& stretch : head.stretches) {
    to.put(stretch.first);
    to.put(stretch.since);
    to.put(stretch.until);
  }
  return to.take();
}

Result<LogHead> decode_head(const Secret& bytes, ClockOffset offset) {
  return bytes.reveal([&](std::string_view text) -> Result<LogHead> {
    ByteReader from(text, offset);
    LogHead head;
    if (from.number() != head_version) from.fail();
    head.epoch = from.text(id_bytes_max);
    if (head.epoch.empty()) from.fail();
    head.last = from.number();
    const std::size_t stretches = from.count(stretches_max);
    std::uint64_t before = 0;
    for (std::size_t read = 0; read < stretches && from.good(); ++read) {
      LogStretch stretch;
      stretch.first = from.number();
      stretch.since = from.instant();
      stretch.until = from.instant();
      // In their order and within the log, or a reader would be sent through nothing for ever.
      if (stretch.first <= before || stretch.first > head.last) from.fail();
      before = stretch.first;
      head.stretches.push_back(stretch);
    }
    if (!from.whole()) {
      return fail(Errc::malformed_response, "the head of the log of revocations is unreadable",
                  another_version_hint);
    }
    return head;
  });
}

Secret encode_revocation(const Revocation& revocation, ClockOffset offset) {
  ByteWriter to(offset);
  to.put(revocation_version);
  to.put(revocation.id);
  to.put(std::uint64_t{revocation.tombstones.size()});
  for (const auto& tombstone : revocation.tombstones) {
    to.put(tombstone.fingerprint);
    to.put(tombstone.until);
  }
  to.put_flag(revocation.has_fence);
  to.put(revocation.provider_key);
  to.put_flag(revocation.subject.has_value());
  if (revocation.subject) {
    put_subject(to, *revocation.subject);
  }
  to.put(revocation.at);
  to.put(revocation.until);
  return to.take();
}

Result<Revocation> decode_revocation(const Secret& bytes, ClockOffset offset) {
  return bytes.reveal([&](std::string_view text) -> Result<Revocation> {
    ByteReader from(text, offset);
    Revocation revocation;
    if (from.number() != revocation_version) from.fail();
    revocation.id = from.text(id_bytes_max);
    const std::size_t tombstones = from.count(tombstones_max);
    for (std::size_t read = 0; read < tombstones && from.good(); ++read) {
      const Fingerprint fingerprint = from.fingerprint();
      revocation.tombstones.push_back({fingerprint, from.instant()});
    }
    revocation.has_fence = from.flag();
    if (from.flag()) revocation.provider_key = from.text(provider_key_bytes_max);
    if (from.flag()) revocation.subject = read_subject(from);
    revocation.at = from.instant();
    revocation.until = from.instant();
    if (!from.whole()) {
      return fail(Errc::malformed_response, "an entry of the log of revocations is unreadable",
                  another_version_hint);
    }
    return revocation;
  });
}

}  // namespace valetkey::lifecycle
