// SPDX-License-Identifier: Apache-2.0
#pragma once
// A cache server that is a map: for tests of what stands on a SharedStore.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "valetkey/shared_store.h"

namespace valetkey::support {

/// Time is the given clock's, for expiry and for `time`. Threads: any.
class MemoryStore final : public SharedStore {
 public:
  enum class Operation : std::uint8_t { get, put };
  using Hook = std::function<void(Operation, const StoredName&)>;
  static constexpr std::size_t value_bytes_max = 1024 * 1024;

  explicit MemoryStore(std::shared_ptr<Clock> clock, std::size_t copies = 1)
      : clock_(std::move(clock)), copies_(copies), lost_(copies, false) {}

  std::vector<Found> get(const std::vector<StoredName>& names, Deadline deadline) override {
    std::vector<Found> found;
    for (const auto& name : names) {
      call_hook(Operation::get, name);
      const std::lock_guard lock(mutex_);
      ++gets_;
      if (const auto failure = failure_for(name, deadline)) {
        found.emplace_back(fail(*failure));
      } else {
        found.emplace_back(held(name));
      }
    }
    return found;
  }

  Result<bool> put(const StoredName& name, const std::string& version, const Secret& bytes,
                   std::chrono::milliseconds life, Deadline deadline) override {
    call_hook(Operation::put, name);
    const std::lock_guard lock(mutex_);
    ++puts_;
    if (const auto failure = failure_for(name, deadline)) return fail(*failure);
    if (bytes.size() > value_bytes_max)
      return fail(Errc::exhausted, description() + " takes no value as large as this");
    const auto present = held(name);
    if (version != (present ? present->version : std::string())) return false;
    const Instant end = clock_->now() + life;
    write(name, bytes, end);
    return true;
  }

  Result<WallTime> time(Deadline deadline) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return fail(failure(*failing_));
    if (deadline.passed(clock_->now())) return fail(failure(Errc::timed_out));
    return clock_->wall_now();
  }

  std::size_t copies() const override { return copies_; }
  std::string description() const override { return "memory"; }

  /// Every operation fails so, until told otherwise.
  void fail_with(std::optional<Errc> code) {
    const std::lock_guard lock(mutex_);
    failing_ = code;
  }
  /// The server of one copy is away, its values with it.
  void lose(std::size_t copy) {
    const std::lock_guard lock(mutex_);
    lost_.at(copy) = true;
    std::erase_if(values_, [&](const auto& each) { return each.first.first == copy; });
  }
  /// Called before each name is read or written, outside any lock, so that it may use the store
  /// itself once it has taken itself away.
  void before_each(Hook hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  void flush() {
    const std::lock_guard lock(mutex_);
    values_.clear();
  }
  /// Puts bytes of the test's choice where a value is or is not: another key's value, rubbish.
  void overwrite(const StoredName& name, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    write(name, Secret(bytes), Instant::max());
  }
  /// What the server's owner could read: names and bytes of everything held.
  std::vector<std::pair<std::string, std::string>> dump() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [where, value] : values_)
      all.emplace_back(where.second,
                       value.bytes.reveal([](auto text) { return std::string(text); }));
    return all;
  }
  std::size_t gets() const {  ///< names asked for
    const std::lock_guard lock(mutex_);
    return gets_;
  }
  std::size_t puts() const {
    const std::lock_guard lock(mutex_);
    return puts_;
  }

 private:
  struct Value {
    Secret bytes{};
    std::string version{};
    Instant end{};
  };
  using Where = std::pair<std::size_t, std::string>;

  void call_hook(Operation operation, const StoredName& name) {
    Hook hook;
    {
      const std::lock_guard lock(mutex_);
      hook = hook_;
    }
    if (hook) hook(operation, name);
  }

  Where where(const StoredName& name) const {
    return {name.copy.value_or(std::hash<std::string>()(name.text) % copies_), name.text};
  }

  static Error failure(Errc code) {
    return Error{.code = code, .context = "memory: fails as the test asked"};
  }

  std::optional<Error> failure_for(const StoredName& name, Deadline deadline) const {
    if (failing_) return failure(*failing_);
    if (deadline.passed(clock_->now())) return failure(Errc::timed_out);
    if (lost_.at(where(name).first)) return failure(Errc::unreachable);
    return std::nullopt;
  }

  std::optional<StoredValue> held(const StoredName& name) {
    const auto found = values_.find(where(name));
    if (found == values_.end()) return std::nullopt;
    if (clock_->now() >= found->second.end) {
      values_.erase(found);
      return std::nullopt;
    }
    return StoredValue{.bytes = found->second.bytes.clone(), .version = found->second.version};
  }

  void write(const StoredName& name, const Secret& bytes, Instant end) {
    Value made;
    made.bytes = bytes.clone();
    made.version = std::to_string(++versions_);
    made.end = end;
    values_.insert_or_assign(where(name), std::move(made));
  }

  const std::shared_ptr<Clock> clock_;
  const std::size_t copies_;
  mutable std::mutex mutex_;  // guards everything below
  std::vector<bool> lost_;
  std::map<Where, Value> values_;
  std::optional<Errc> failing_;
  Hook hook_;
  std::size_t versions_ = 0;
  std::size_t gets_ = 0;
  std::size_t puts_ = 0;
};

}  // namespace valetkey::support
