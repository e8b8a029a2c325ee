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
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"
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
/// While the server is there and what it rang for cannot be read yet.
constexpr std::chrono::nanoseconds unheard_pause_max = 250ms;
/// Rights are given by people; they do not hurry.
constexpr std::chrono::nanoseconds denied_pause = 30s;
constexpr std::chrono::nanoseconds look_pause_first = 1ms;
constexpr std::chrono::nanoseconds look_pause_max = 32ms;
/// Longer than anyone waits for a ring to be heard, in milliseconds.
constexpr std::string_view heard_set_life = "60000";

/// Rings that come while we subscribe; far more are nobody's of ours.
constexpr std::size_t early_max = 1000;

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
std::vector<std::string> channels_of(const RedisOptions& options,
                                     std::vector<std::string> channels) {
  if (options.database != 0) {
    for (auto& channel : channels)
      channel += ":" + std::to_string(options.database);
  }
  return channels;
}

std::string set_of(std::string_view channel, std::string_view id) {
  return std::string(channel) + ":" + std::string(id);
}

class RedisBell final : public SharedBell {
 public:
  RedisBell(RedisOptions options, std::vector<std::string> channels)
      : channels_(channels_of(options, std::move(channels))),
        clock_(options.clock),
        pool_(std::move(options)),
        stopper_(clock_),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~RedisBell() override { stop(); }
  RedisBell(const RedisBell&) = delete;
  RedisBell& operator=(const RedisBell&) = delete;

  void listen(std::function<bool()> heard) override;
  Hearing hearing() const override { return hearing_.load(); }
  Result<bool> ring(Deadline deadline) override;
  void stop() override;

 private:
  /// How far one line has brought us.
  struct Reached {
    bool subscribed = false;
    bool listening = false;
  };
  /// Those to whom a ring was given on one channel, and who acknowledge it into one set.
  struct Audience {
    std::string set{};
    long long listeners = 0;
  };

  void run(const std::function<bool()>& heard);
  /// Listens until the line is lost. Errors: why it was.
  Result<void> hear(const std::function<bool()>& heard, Reached& reached);
  /// Messages that come before the last channel is subscribed to are kept in `early`.
  Result<void> subscribe(RedisLine& line, std::vector<RedisReply>& early);
  Result<void> attend(RedisLine& line, const std::function<bool()>& heard);
  void acknowledge(const RedisReply& message);
  [[nodiscard]] Failure unheard() const;
  [[nodiscard]] Deadline soon() const { return {clock_->now() + pool_.options().timeout}; }
  /// The numbers that are the answers to the commands.
  Result<std::vector<long long>> ask_numbers(std::span<const RedisCommand> commands,
                                             Deadline deadline);
  void pause(Instant until);

  const std::vector<std::string> channels_;
  const std::shared_ptr<Clock> clock_;  // shared with the client
  RedisPool pool_;                      // for rings and their acknowledgements
  base::Stopper stopper_;
  const base::Descriptor wake_;  // ends the thread's waits
  const std::string listener_ = crypto::random_hex(id_bytes);
  std::atomic<Hearing> hearing_{Hearing::deaf};
  std::mutex joining_;  // held while the thread is joined, so that every `stop` waits for its end
  std::thread thread_;
};

void RedisBell::listen(std::function<bool()> heard) {
  if (!wake_) {
    hearing_ = Hearing::unavailable;  // nobody mends it
    base::log(LogLevel::warning, pool_.name() + ": no descriptor is left to listen with");
    return;
  }
  const std::lock_guard lock(joining_);
  try {
    thread_ = std::thread([this, heard = std::move(heard)] { run(heard); });
  } catch (const std::system_error&) {
    hearing_ = Hearing::unavailable;
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

void RedisBell::run(const std::function<bool()>& heard) {
  auto pause = reconnect_pause_first;
  bool denial_told = false;
  while (!stopper_.stopped()) {
    Reached reached;
    const auto ended = hear(heard, reached);
    const bool is_denied =
        !ended && ended.error().code == Errc::access_denied && hearing_ == Hearing::unavailable;
    if (!is_denied) hearing_ = Hearing::deaf;
    if (is_denied && !std::exchange(denial_told, true)) {
      base::log(LogLevel::warning,
                describe(ended.error()) + "; each process looks by itself; " + ended.error().hint);
    }
    if (reached.subscribed) pause = std::min(pause, unheard_pause_max);
    if (reached.listening) pause = reconnect_pause_first;
    if (!stopper_.wait_until(clock_->now() + jittered(is_denied ? denied_pause : pause))) return;
    pause = std::min(pause * 2, reconnect_pause_max);
  }
}

Result<void> RedisBell::hear(const std::function<bool()>& heard, Reached& reached) {
  auto line = pool_.open(soon(), wake_.get());
  if (!line) return failure_of(std::move(line));
  std::vector<RedisReply> early;
  if (auto done = subscribe(*line, early); !done) return failure_of(std::move(done));
  reached.subscribed = true;
  // Before anyone relies on us: what was rung while we were away is not rung again.
  if (!heard()) return unheard();
  reached.listening = true;
  hearing_ = Hearing::listening;
  for (const auto& message : early)
    acknowledge(message);
  return attend(*line, heard);
}

Result<void> RedisBell::subscribe(RedisLine& line, std::vector<RedisReply>& early) {
  const Deadline deadline = soon();
  for (const auto& channel : channels_) {
    if (auto sent = line.send({"SUBSCRIBE", channel}, deadline); !sent) return sent;
  }
  for (std::size_t subscribed = 0; subscribed < channels_.size();) {
    auto reply = line.next(deadline);
    if (!reply) return failure_of(std::move(reply));
    if (reply->is(Kind::refusal)) {
      RedisRefusal refusal = refusal_of(*reply, pool_.name());
      if (reply->refuses("NOPERM")) hearing_ = Hearing::unavailable;
      return fail(std::move(refusal.error));
    }
    if (is_message(*reply)) {
      early.push_back(std::move(*reply));
      if (early.size() > early_max) return unheard();
      continue;
    }
    if (!reply->is(Kind::list) || reply->list.size() != 3 || reply->list[0].text != "subscribe")
      return fail(Errc::malformed_response, pool_.name() + " answers rubbish to SUBSCRIBE");
    ++subscribed;
  }
  return {};
}

Result<void> RedisBell::attend(RedisLine& line, const std::function<bool()>& heard) {
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
      // SECURITY: a ring that we acknowledge is one that whoever revoked relies on.
      if (!heard()) return unheard();
      acknowledge(*said);
    }
    if (stopper_.stopped()) return {};
    is_asked = false;  // whatever it says, it lives
    patience = {clock_->now() + sign_of_life_every};
  }
}

Failure RedisBell::unheard() const {
  return fail(Errc::unreachable, pool_.name() + ": what was rung for cannot be read yet",
              "it is tried again by itself");
}

void RedisBell::acknowledge(const RedisReply& message) {
  const auto id = find_id(message);
  const std::string_view channel = message.list[1].text;
  if (!id || std::ranges::find(channels_, channel) == channels_.end()) return;
  // Adding to a set may be done twice, which counting may not: a ring must not end too early.
  const std::string set = set_of(channel, *id);
  const RedisCommand command{"EVAL", heard_script, "1", set, listener_, heard_set_life};
  const auto done = ask_numbers({&command, 1}, soon());
  if (!done) base::log(LogLevel::debug, "a ring is not acknowledged: " + describe(done.error()));
}

Result<std::vector<long long>> RedisBell::ask_numbers(std::span<const RedisCommand> commands,
                                                      Deadline deadline) {
  auto answer = pool_.ask(commands, deadline);
  if (!answer) return failure_of(std::move(answer));
  std::vector<long long> numbers;
  for (const RedisReply& reply : answer->replies) {
    if (reply.is(Kind::refusal)) return fail(refusal_of(reply, pool_.name()).error);
    if (!reply.is(Kind::number))
      return fail(Errc::malformed_response, pool_.name() + " answers another question than ours");
    numbers.push_back(reply.number);
  }
  return numbers;
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
  std::vector<RedisCommand> rings;
  for (const auto& channel : channels_)
    rings.push_back({"PUBLISH", channel, id});
  const auto listeners = ask_numbers(rings, deadline);
  if (!listeners) return fail(Error(listeners.error()));
  std::vector<Audience> waited_for;
  for (std::size_t each = 0; each < channels_.size(); ++each)
    waited_for.push_back({set_of(channels_[each], id), (*listeners)[each]});
  std::erase_if(waited_for, [](const Audience& one) { return one.listeners == 0; });
  for (auto wait = look_pause_first; !waited_for.empty();
       wait = std::min(wait * 2, look_pause_max)) {
    std::vector<RedisCommand> looks;
    for (const auto& audience : waited_for)
      looks.push_back({"SCARD", audience.set});
    const auto have_heard = ask_numbers(looks, deadline);
    if (!have_heard && !deadline.passed(clock_->now())) return fail(Error(have_heard.error()));
    if (have_heard) {
      auto count = have_heard->begin();
      std::erase_if(waited_for, [&](const Audience& one) { return *count++ >= one.listeners; });
      if (waited_for.empty()) break;
    }
    pause(deadline.sooner({clock_->now() + wait}).at);
    if (deadline.passed(clock_->now())) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<SharedBell> make_redis_bell(RedisOptions options,
                                            std::vector<std::string> channels) {
  VALETKEY_ASSERT(!channels.empty());
  return std::make_shared<RedisBell>(std::move(options), std::move(channels));
}

}  // namespace valetkey::cache
