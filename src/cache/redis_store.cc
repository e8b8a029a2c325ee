// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "cache/redis_pool.h"
#include "cache/server_health.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using Kind = RedisReply::Kind;

/// Longer than anything lives here; Redis adds a life to its clock and refuses what overflows.
constexpr std::chrono::milliseconds life_max = std::chrono::days(3650);

/// Before each value lie random bytes of its own. They are its version, so that equal values put
/// one after the other are told apart, and a writer recognises what it wrote itself.
constexpr std::size_t stamp_bytes = 16;
/// So that the version of something that lies there is never empty, whoever put it.
constexpr std::string_view version_mark = "=";

constexpr std::string_view replace_script =
    "local held = redis.call('GET', KEYS[1]) "
    "if held and string.sub(held, 1, 16) == ARGV[1] then "
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end "
    "return 0";

std::string_view stamp_of(std::string_view stored) {
  return stored.substr(0, stamp_bytes);
}

std::string make_stamp() {
  std::array<std::byte, stamp_bytes> random{};
  crypto::random_bytes(random);
  std::string stamp;
  for (const auto byte : random)
    stamp += static_cast<char>(byte);
  return stamp;
}

std::string key_of(const StoredName& name) {
  return name.copy ? name.text + "#" + std::to_string(*name.copy) : name.text;
}

bool fits_get(const RedisReply& reply) {
  return reply.is(Kind::text) || reply.is(Kind::nothing);
}

bool fits_put(const RedisReply& reply) {
  return reply.is(Kind::status) || reply.is(Kind::nothing) || reply.is(Kind::number);
}

/// The answer to TIME: seconds and microseconds, as texts.
std::optional<WallTime> find_time(const RedisReply& reply) {
  if (!reply.is(Kind::list) || reply.list.size() != 2) return std::nullopt;
  const auto seconds = base::parse_number<std::uint32_t>(reply.list[0].text);
  const auto microseconds = base::parse_number<std::uint32_t>(reply.list[1].text);
  if (!seconds || !microseconds) return std::nullopt;
  return WallTime(std::chrono::seconds(*seconds) + std::chrono::microseconds(*microseconds));
}

bool fits_time(const RedisReply& reply) {
  return find_time(reply).has_value();
}

class RedisStore final : public SharedStore {
 public:
  explicit RedisStore(RedisOptions options)
      : clock_(options.clock), pool_(std::move(options)), health_(pool_.name()) {}

  std::vector<Found> get(const std::vector<StoredName>& names, Deadline deadline) override;
  Result<bool> put(const StoredName& name, const std::string& version, const Secret& bytes,
                   std::chrono::milliseconds life, Deadline deadline) override;
  Result<WallTime> time(Deadline deadline) override;
  std::size_t copies() const override { return 1; }
  std::string description() const override { return pool_.name(); }

 private:
  using Fits = bool (*)(const RedisReply&);

  /// Asks if the server is worth it, and tells its health what came of it. Every reply is a refusal
  /// that concerns its own command, or `fits`.
  Result<RedisAnswer> ask(std::span<const RedisCommand> commands, Fits fits, Deadline deadline);
  [[nodiscard]] std::optional<Error> found_wrong(const RedisAnswer& answer, Fits fits) const;
  Failure refused(const RedisReply& reply);
  Found found(RedisReply& reply);
  Result<RedisAnswer> replace(std::string_view key, std::string_view seen_stamp,
                              std::string_view stored, std::string_view life, Deadline deadline);
  Result<bool> holds(std::string_view key, std::string_view stamp, Deadline deadline);

  const std::shared_ptr<Clock> clock_;  // shared with the client
  RedisPool pool_;
  ServerHealth health_;
  std::atomic<bool> refusal_told_{false};
  const std::string replace_sha1_ = crypto::sha1_hex(replace_script);
};

std::optional<Error> RedisStore::found_wrong(const RedisAnswer& answer, Fits fits) const {
  for (const auto& reply : answer.replies) {
    if (!reply.is(Kind::refusal)) {
      if (fits(reply)) continue;
      return Error{.code = Errc::malformed_response,
                   .context = pool_.name() + " answers another question than ours"};
    }
    RedisRefusal refusal = refusal_of(reply, pool_.name());
    if (refusal.of_everything) return std::move(refusal.error);
  }
  return std::nullopt;
}

Result<RedisAnswer> RedisStore::ask(std::span<const RedisCommand> commands, Fits fits,
                                    Deadline deadline) {
  const Instant asked_at = clock_->now();
  if (deadline.passed(asked_at))
    return fail(Errc::timed_out, pool_.name() + ": no time is left to ask it");
  if (!health_.may_ask(asked_at)) return fail(health_.away());
  auto answer = pool_.ask(commands, deadline);
  std::optional<Error> wrong;
  if (!answer) {
    wrong = std::move(answer).error();
  } else {
    wrong = found_wrong(*answer, fits);
  }
  if (!wrong) {
    health_.answered();
    return answer;
  }
  // Whoever had hardly any time left has learnt nothing about the server; and descriptors that have
  // run out are not its fault.
  const bool was_hasty =
      wrong->code == Errc::timed_out && deadline.left(asked_at) < pool_.options().timeout / 4;
  if (!was_hasty && wrong->code != Errc::exhausted) health_.failed(*wrong, clock_->now());
  return fail(std::move(*wrong));
}

Failure RedisStore::refused(const RedisReply& reply) {
  Error error = refusal_of(reply, pool_.name()).error;
  // The health of the server is not to flap between a right that we have and one that we lack.
  if (error.code != Errc::exhausted && !refusal_told_.exchange(true)) {
    base::log(LogLevel::warning, describe(error) + (error.hint.empty() ? "" : "; " + error.hint));
  }
  return fail(std::move(error));
}

SharedStore::Found RedisStore::found(RedisReply& reply) {
  if (reply.is(Kind::nothing) || reply.refuses("WRONGTYPE")) return std::nullopt;
  if (reply.is(Kind::refusal)) return refused(reply);
  const std::string_view stored = reply.text;
  const std::string_view stamp = stamp_of(stored);
  return StoredValue{.bytes = Secret(stored.substr(stamp.size())),
                     .version = std::string(version_mark) + std::string(stamp)};
}

std::vector<SharedStore::Found> RedisStore::get(const std::vector<StoredName>& names,
                                                Deadline deadline) {
  std::vector<Found> answers;
  if (names.empty()) return answers;
  std::vector<std::string> keys;
  keys.reserve(names.size());
  for (const auto& name : names)
    keys.push_back(key_of(name));
  // MGET is one command, but a name that is not ours to read would spoil the others.
  std::vector<RedisCommand> commands;
  commands.reserve(keys.size());
  for (const auto& key : keys)
    commands.push_back({"GET", key});
  auto answer = ask(commands, fits_get, deadline);
  answers.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    answers.push_back(answer ? found(answer->replies[i]) : Found(fail(Error(answer.error()))));
  return answers;
}

Result<RedisAnswer> RedisStore::replace(std::string_view key, std::string_view seen_stamp,
                                        std::string_view stored, std::string_view life,
                                        Deadline deadline) {
  const RedisCommand by_digest{"EVALSHA", replace_sha1_, "1", key, seen_stamp, stored, life};
  auto answer = ask({&by_digest, 1}, fits_put, deadline);
  if (!answer || !answer->replies[0].refuses("NOSCRIPT")) return answer;
  const bool repeated = answer->repeated;  // by a server that knew the script, before its restart
  const RedisCommand by_text{"EVAL", replace_script, "1", key, seen_stamp, stored, life};
  answer = ask({&by_text, 1}, fits_put, deadline);
  if (answer) answer->repeated |= repeated;
  return answer;
}

/// Why a put may be asked twice: it replaces only what the caller has seen, so the second time does
/// nothing if the first did something. It then says "something else is there", and the something
/// may be ours: the stamp tells. If meanwhile another has replaced ours, false is the truth.
Result<bool> RedisStore::put(const StoredName& name, const std::string& version,
                             const Secret& bytes, std::chrono::milliseconds life,
                             Deadline deadline) {
  if (bytes.size() > base::shared_value_bytes_max) {
    return fail(Errc::exhausted, pool_.name() + ": a value of " + std::to_string(bytes.size()) +
                                     " bytes is more than " +
                                     std::to_string(base::shared_value_bytes_max));
  }
  const std::string key = key_of(name);
  const std::string milliseconds = std::to_string(std::clamp(life, 1ms, life_max).count());
  const std::string stamp = make_stamp();
  const Secret stamped =
      SecretBuilder(stamp_bytes + bytes.size()).append(stamp).append(bytes).take();
  auto answer = stamped.reveal([&](std::string_view stored) {
    if (!version.empty()) {
      return replace(key, std::string_view(version).substr(version_mark.size()), stored,
                     milliseconds, deadline);
    }
    const RedisCommand set{"SET", key, stored, "NX", "PX", milliseconds};
    return ask({&set, 1}, fits_put, deadline);
  });
  if (!answer) return failure_of(std::move(answer));
  const RedisReply& reply = answer->replies[0];
  if (reply.refuses("WRONGTYPE")) return false;
  if (reply.is(Kind::refusal)) return refused(reply);
  if (reply.is(Kind::status) || reply.number == 1) return true;
  return answer->repeated ? holds(key, stamp, deadline) : false;
}

Result<bool> RedisStore::holds(std::string_view key, std::string_view stamp, Deadline deadline) {
  const RedisCommand get{"GET", key};
  auto answer = ask({&get, 1}, fits_get, deadline);
  if (!answer) return failure_of(std::move(answer));
  const RedisReply& reply = answer->replies[0];
  return reply.is(Kind::text) && stamp_of(reply.text) == stamp;
}

Result<WallTime> RedisStore::time(Deadline deadline) {
  const RedisCommand command{"TIME"};
  auto answer = ask({&command, 1}, fits_time, deadline);
  if (!answer) return failure_of(std::move(answer));
  const RedisReply& reply = answer->replies[0];
  if (reply.is(Kind::refusal)) return refused(reply);
  return *find_time(reply);
}

}  // namespace

std::shared_ptr<SharedStore> make_redis_store(RedisOptions options) {
  return std::make_shared<RedisStore>(std::move(options));
}

}  // namespace valetkey::cache
