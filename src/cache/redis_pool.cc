// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_pool.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace valetkey::cache {
namespace {

constexpr std::size_t idle_lines_max = 8;

bool is_unreachable(const RedisReply& reply) {
  return reply.is(RedisReply::Kind::refusal) &&
         refusal_of(reply, {}).error.code == Errc::unreachable;
}

}  // namespace

RedisPool::RedisPool(RedisOptions options)
    : options_(std::move(options)),
      name_(description_of(options_)),
      lookup_(options_.host, options_.port, options_.clock) {}

std::optional<RedisLine> RedisPool::take_quiet_line() {
  for (;;) {
    auto line = idle_.with([](std::vector<RedisLine>& idle) -> std::optional<RedisLine> {
      if (idle.empty()) return std::nullopt;
      std::optional<RedisLine> last(std::move(idle.back()));
      idle.pop_back();
      return last;
    });
    if (!line || line->quiet()) return line;
  }
}

void RedisPool::keep(RedisLine line, const std::vector<RedisReply>& replies) {
  // A master that has become a replica, say: the same name may lead to another server by now.
  if (std::ranges::any_of(replies, is_unreachable)) return;
  idle_.with([&](std::vector<RedisLine>& idle) {
    if (idle.size() < idle_lines_max) idle.push_back(std::move(line));
  });
}

Result<RedisAnswer> RedisPool::ask(std::span<const RedisCommand> commands, Deadline deadline) {
  deadline = deadline.sooner({options_.clock->now() + options_.timeout});
  bool repeated = false;
  if (auto line = take_quiet_line()) {
    auto replies = line->ask(commands, deadline);
    if (replies) {
      keep(std::move(*line), *replies);
      return RedisAnswer{std::move(*replies), false};
    }
    if (replies.error().code != Errc::unreachable) return failure_of(std::move(replies));
    repeated = true;
  }
  auto line = open(deadline);
  if (!line) return failure_of(std::move(line));
  auto replies = line->ask(commands, deadline);
  if (!replies) return failure_of(std::move(replies));
  keep(std::move(*line), *replies);
  return RedisAnswer{std::move(*replies), repeated};
}

}  // namespace valetkey::cache
