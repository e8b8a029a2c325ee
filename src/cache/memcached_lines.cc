// SPDX-License-Identifier: Apache-2.0
#include "cache/memcached_lines.h"

namespace valetkey::cache {
namespace {

/// A server counts its clients, and a fleet has many processes.
constexpr std::size_t lines_max = 8;

}  // namespace

Result<MemcachedLines::Lease> MemcachedLines::take(QuestionTime time) {
  const Instant now = clock_->now();
  if (time.deadline.passed(now)) return no_time_left();
  if (!health_.may_ask(now)) return fail(health_.away());
  std::unique_lock lock(mutex_);
  while (in_use_ == lines_max) {
    if (time.deadline.passed(clock_->now()))
      return fail(Errc::timed_out, name() + ": all its connections were in use",
                  "look at the server's load, or give the operation a later deadline");
    clock_->wait(given_back_, lock, time.deadline.at);
  }
  return lend(std::move(lock));
}

Result<std::optional<MemcachedLines::Lease>> MemcachedLines::take_now(QuestionTime time) {
  const Instant now = clock_->now();
  if (time.deadline.passed(now)) return no_time_left();
  std::unique_lock lock(mutex_);
  if (in_use_ == lines_max) return std::optional<Lease>();
  // While the place is ours: who may ask may be the only one for a while, and must then ask.
  if (!health_.may_ask(now)) return fail(health_.away());
  return std::optional<Lease>(lend(std::move(lock)));
}

Failure MemcachedLines::no_time_left() const {
  return fail(Errc::timed_out, name() + ": not asked: no time was left",
              "give the operation a later deadline");
}

MemcachedLines::Lease MemcachedLines::lend(std::unique_lock<std::mutex> lock) {
  ++in_use_;
  if (idle_.empty()) {
    lock.unlock();
    return Lease(*this, std::make_unique<MemcachedLine>(endpoint_, clock_));
  }
  auto line = std::move(idle_.back());
  idle_.pop_back();
  lock.unlock();
  return Lease(*this, std::move(line));
}

Standing MemcachedLines::standing() {
  if (!health_.is_well()) return Standing::troubled;
  const std::lock_guard lock(mutex_);
  return !idle_.empty() && idle_.back()->is_connected() ? Standing::ready : Standing::well;
}

void MemcachedLines::give_back(std::unique_ptr<MemcachedLine> line) {
  const std::lock_guard lock(mutex_);
  idle_.insert(line->is_connected() ? idle_.end() : idle_.begin(), std::move(line));
  --in_use_;
  given_back_.notify_one();
}

Error MemcachedLines::judged_error(Error error, QuestionTime time) {
  error.context = name() + ": " + error.context;
  if (error.hint.empty())
    error.hint = "look at the server's own log; valetkey tries again by itself";
  if (error.code == Errc::exhausted) {
    // Either the server has spoken, or it is this machine that ran out.
    if (!error.server_text.empty()) health_.answered();
  } else if (error.code != Errc::timed_out || !time.hurried) {
    health_.failed(error, clock_->now());
  }
  return error;
}

}  // namespace valetkey::cache
