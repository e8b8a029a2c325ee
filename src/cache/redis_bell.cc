// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_bell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/log.h"
#include "base/stopper.h"
#include "cache/redis_pool.h"
#include "crypto/random.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;
using Kind = RedisReply::Kind;
using Hearing = SharedBell::Hearing;

constexpr std::size_t id_bytes = 16;
constexpr std::chrono::nanoseconds sign_of_life_every = 500ms;
constexpr std::chrono::nanoseconds reconnect_pause_first = 50ms;
constexpr std::chrono::nanoseconds reconnect_pause_max = 5s;
/// Rights are given by people; they do not hurry.
constexpr std::chrono::nanoseconds denied_pause = 30s;
constexpr std::chrono::nanoseconds look_pause_first = 1ms;
constexpr std::chrono::nanoseconds look_pause_max = 32ms;
/// Longer than anyone waits for a ring to be heard, in milliseconds.
constexpr std::string_view heard_set_life = "60000";

/// One command, so that no set is left behind without an end.
constexpr std::string_view heard_script =
    "redis.call('SADD', KEYS[1], ARGV[1]) return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// Between half and the whole, so that a fleet does not come back to a restarted server at once.
std::chrono::nanoseconds jittered(std::chrono::nanoseconds pause) {
  std::array<std::byte, 1> random{};
  crypto::random_bytes(random);
  return pause / 2 + pause / 2 * std::to_integer<int>(random[0]) / 255;
}

/// The id in a message of ours; nothing for a sign of life, or for what a stranger publishes.
std::optional<std::string_view> find_id(const RedisReply& message) {
  const std::string_view id = message.list[2].text;
  const bool is_hex = std::ranges::all_of(id, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
  });
  if (id.size() != 2 * id_bytes || !is_hex) return std::nullopt;
  return id;
}

bool is_message(const RedisReply& reply) {
  return reply.is(Kind::list) && reply.list.size() == 3 && reply.list[0].text == "message";
}

/// Databases share channels and no values: a ring is answered in the database it was rung in.
std::string channel_of(const RedisOptions& options, std::string channel) {
  return options.database == 0 ? channel : channel + ":" + std::to_string(options.database);
}

class RedisBell final : public SharedBell {
 public:
  RedisBell(RedisOptions options, std::string channel)
      : channel_(channel_of(options, std::move(channel))),
        clock_(options.clock),
        pool_(std::move(options)),
        stopper_(clock_),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~RedisBell() override { stop(); }
  RedisBell(const RedisBell&) = delete;
  RedisBell& operator=(const RedisBell&) = delete;

  void listen(std::function<void()> heard) override;
  Hearing hearing() const override { return hearing_.load(); }
  Result<bool> ring(Deadline deadline) override;
  void stop() override;

 private:
  void run(const std::function<void()>& heard);
  /// Listens until the line is lost. Errors: why it was.
  Result<void> hear(const std::function<void()>& heard, bool& was_listening);
  Result<void> subscribe(RedisLine& line);
  Result<void> attend(RedisLine& line, const std::function<void()>& heard);
  void acknowledge(std::string_view id);
  [[nodiscard]] std::string set_of(std::string_view id) const {
    return channel_ + ":" + std::string(id);
  }
  [[nodiscard]] Deadline soon() const { return {clock_->now() + pool_.options().timeout}; }
  /// The number that is the answer to one command.
  Result<long long> ask_number(const RedisCommand& command, Deadline deadline);
  void pause(Instant until);

  const std::string channel_;
  const std::shared_ptr<Clock> clock_;  // shared with the client
  RedisPool pool_;                      // for rings and their acknowledgements
  base::Stopper stopper_;
  const base::Descriptor wake_;  // ends the thread's waits
  const std::string listener_ = crypto::random_hex(id_bytes);
  std::atomic<Hearing> hearing_{Hearing::deaf};
  std::mutex joining_;  // held while the thread is joined, so that every `stop` waits for its end
  std::thread thread_;
};

void RedisBell::listen(std::function<void()> heard) {
  if (!wake_) {
    base::log(LogLevel::warning, pool_.name() + ": no descriptor is left to listen with");
    return;
  }
  const std::lock_guard lock(joining_);
  try {
    thread_ = std::thread([this, heard = std::move(heard)] { run(heard); });
  } catch (const std::system_error&) {
    base::log(LogLevel::warning, pool_.name() + ": no thread is left to listen with");
  }
}

void RedisBell::stop() {
  stopper_.stop();
  const std::uint64_t one = 1;
  if (wake_ && ::write(wake_.get(), &one, sizeof(one)) < 0) {
    // Its count is at its limit, so it is readable, which is all that is asked.
  }
  const std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
  hearing_ = Hearing::deaf;
}

void RedisBell::run(const std::function<void()>& heard) {
  auto pause = reconnect_pause_first;
  bool denial_told = false;
  while (!stopper_.stopped()) {
    bool was_listening = false;
    const auto ended = hear(heard, was_listening);
    const bool is_denied =
        !ended && ended.error().code == Errc::access_denied && hearing_ == Hearing::unavailable;
    if (!is_denied) hearing_ = Hearing::deaf;
    if (is_denied && !std::exchange(denial_told, true)) {
      base::log(LogLevel::warning,
                describe(ended.error()) + "; each process looks by itself; " + ended.error().hint);
    }
    if (was_listening) pause = reconnect_pause_first;
    if (!stopper_.wait_until(clock_->now() + jittered(is_denied ? denied_pause : pause))) return;
    pause = std::min(pause * 2, reconnect_pause_max);
  }
}

Result<void> RedisBell::hear(const std::function<void()>& heard, bool& was_listening) {
  auto line = pool_.open(soon(), wake_.get());
  if (!line) return failure_of(std::move(line));
  if (auto done = subscribe(*line); !done) return failure_of(std::move(done));
  was_listening = true;
  heard();  // before anyone relies on us: what was rung while we were away is not rung again
  hearing_ = Hearing::listening;
  return attend(*line, heard);
}

Result<void> RedisBell::subscribe(RedisLine& line) {
  const RedisCommand command{"SUBSCRIBE", channel_};
  auto replies = line.ask({&command, 1}, soon());
  if (!replies) return failure_of(std::move(replies));
  const RedisReply& reply = replies->front();
  if (reply.is(Kind::refusal)) {
    RedisRefusal refusal = refusal_of(reply, pool_.name());
    if (reply.refuses("NOPERM")) hearing_ = Hearing::unavailable;
    return fail(std::move(refusal.error));
  }
  if (!reply.is(Kind::list) || reply.list.size() != 3 || reply.list[0].text != "subscribe")
    return fail(Errc::malformed_response, pool_.name() + " answers rubbish to SUBSCRIBE");
  return {};
}

Result<void> RedisBell::attend(RedisLine& line, const std::function<void()>& heard) {
  bool is_asked = false;  // for a sign of life
  Deadline patience{clock_->now() + sign_of_life_every};
  for (;;) {
    auto said = line.next(patience);
    if (!said) {
      if (said.error().code != Errc::timed_out || is_asked) return failure_of(std::move(said));
      is_asked = true;
      patience = soon();
      if (auto sent = line.send({"PING"}, patience); !sent) return failure_of(std::move(sent));
      continue;
    }
    if (is_message(*said)) {
      heard();
      if (const auto id = find_id(*said)) acknowledge(*id);
    }
    if (stopper_.stopped()) return {};
    is_asked = false;  // whatever it says, it lives
    patience = {clock_->now() + sign_of_life_every};
  }
}

void RedisBell::acknowledge(std::string_view id) {
  // Adding to a set may be done twice, which counting may not: a ring must not end too early.
  const std::string set = set_of(id);
  const auto done = ask_number({"EVAL", heard_script, "1", set, listener_, heard_set_life}, soon());
  if (!done) base::log(LogLevel::debug, "a ring is not acknowledged: " + describe(done.error()));
}

Result<long long> RedisBell::ask_number(const RedisCommand& command, Deadline deadline) {
  auto answer = pool_.ask({&command, 1}, deadline);
  if (!answer) return failure_of(std::move(answer));
  const RedisReply& reply = answer->replies.front();
  if (reply.is(Kind::refusal)) return fail(refusal_of(reply, pool_.name()).error);
  if (!reply.is(Kind::number))
    return fail(Errc::malformed_response, pool_.name() + " answers another question than ours");
  return reply.number;
}

void RedisBell::pause(Instant until) {
  std::mutex mutex;
  std::condition_variable nobody_notifies;
  std::unique_lock lock(mutex);
  while (clock_->now() < until)
    clock_->wait(nobody_notifies, lock, until);
}

Result<bool> RedisBell::ring(Deadline deadline) {
  const std::string id = crypto::random_hex(id_bytes);
  const auto listeners = ask_number({"PUBLISH", channel_, id}, deadline);
  if (!listeners) return fail(Error(listeners.error()));
  const std::string set = set_of(id);
  for (auto wait = look_pause_first; *listeners > 0; wait = std::min(wait * 2, look_pause_max)) {
    const auto have_heard = ask_number({"SCARD", set}, deadline);
    if (have_heard && *have_heard >= *listeners) break;
    if (!have_heard && !deadline.passed(clock_->now())) return fail(Error(have_heard.error()));
    pause(deadline.sooner({clock_->now() + wait}).at);
    if (deadline.passed(clock_->now())) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<SharedBell> make_redis_bell(RedisOptions options, std::string channel) {
  return std::make_shared<RedisBell>(std::move(options), std::move(channel));
}

}  // namespace valetkey::cache
