// SPDX-License-Identifier: Apache-2.0
#include "cache/memcached_wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace valetkey::cache {
namespace {

constexpr std::string_view line_end = "\r\n";

/// What else a server may say than the answer. None of it is quoted but its own words of an error.
Failure refusal(std::string_view line) {
  const auto error = [&](Errc code, std::string context, std::string hint) {
    return fail(Error{.code = code,
                      .context = std::move(context),
                      .hint = std::move(hint),
                      .server_text = base::printable(line, 120)});
  };
  if (line.starts_with("SERVER_ERROR object too large")) {
    return error(Errc::exhausted, "the value is larger than the server takes",
                 "start memcached with a larger -I (the largest value), at least 128k");
  }
  if (line.starts_with("SERVER_ERROR out of memory")) {
    return error(Errc::exhausted, "the server has no memory for the value",
                 "start memcached with a larger -m (megabytes for all values)");
  }
  if (line.starts_with("CLIENT_ERROR unauthenticated")) {
    return error(Errc::access_denied, "the server wants a user name and a password",
                 "start memcached without -Y, on a UNIX socket or an address that only the hosts "
                 "of the fleet reach: what valetkey keeps there is sealed");
  }
  if (line.starts_with("SERVER_ERROR")) {
    return error(Errc::unreachable, "the server fails", "look at the server's own log");
  }
  if (line == "ERROR" || line.starts_with("CLIENT_ERROR")) {
    return error(Errc::malformed_response, "the server does not understand a question",
                 "the text protocol of memcached 1.4 or later is needed");
  }
  return fail(Errc::malformed_response, "the answer is not memcached's",
              "check that memcached listens at this address, and nothing else");
}

}  // namespace

std::string format_gets(const std::vector<std::string_view>& names) {
  std::string line = "gets";
  for (const auto name : names)
    line.append(" ").append(name);
  return line.append(line_end);
}

std::string format_store(std::string_view name, std::uint64_t life_s, std::size_t size,
                         std::optional<std::uint64_t> cas) {
  std::string line(cas ? "cas " : "add ");
  line.append(name).append(" 0 ").append(std::to_string(life_s));
  line.append(" ").append(std::to_string(size));
  if (cas) line.append(" ").append(std::to_string(*cas));
  return line.append(line_end);
}

Result<std::vector<std::optional<MemcachedValue>>> MemcachedReader::read_values(
    const std::vector<std::string_view>& names) {
  std::vector<std::optional<MemcachedValue>> values(names.size());
  std::size_t next = 0;
  for (;;) {
    const auto line = read_line();
    if (!line) return fail(line.error());
    if (*line == "END") return values;
    constexpr std::string_view start = "VALUE ";
    if (!line->starts_with(start)) return refusal(*line);
    const auto fields = line->substr(start.size());
    // Values come in the order of the names; one that was not asked for is no answer of ours.
    const auto name = fields.substr(0, fields.find(' '));
    while (next < names.size() && names[next] != name)
      ++next;
    if (next == names.size()) {
      return fail(Errc::malformed_response, "the server answers with another key's value",
                  "check that memcached listens at this address, and nothing in between");
    }
    auto value = read_value(fields.substr(name.size()));
    if (!value) return failure_of(std::move(value));
    values[next++] = std::move(*value);
  }
}

/// `fields`: " flags size cas".
Result<MemcachedValue> MemcachedReader::read_value(std::string_view fields) {
  const auto words = base::split(fields, ' ');
  const auto size = words.size() == 3 ? base::parse_number<std::size_t>(words[1]) : std::nullopt;
  const auto cas = words.size() == 3 ? base::parse_number<std::uint64_t>(words[2]) : std::nullopt;
  if (!size || !cas) return refusal({});
  if (*size > base::shared_value_bytes_max)
    return fail(Errc::malformed_response, "the server answers with a value that nobody put",
                "check that no other program writes to this server under valetkey's names");
  MemcachedValue value;
  value.cas = *cas;
  Result<void> read;
  value.bytes =
      Secret::filled(*size, [&](char* to, std::size_t room) { read = read_exactly(to, room); });
  std::array<char, line_end.size()> end{};
  if (read) read = read_exactly(end.data(), end.size());
  if (!read) return failure_of(std::move(read));
  if (std::string_view(end.data(), end.size()) != line_end) return refusal({});
  return value;
}

Result<bool> MemcachedReader::read_stored() {
  const auto line = read_line();
  if (!line) return fail(line.error());
  if (*line == "STORED") return true;
  if (*line == "NOT_STORED" || *line == "EXISTS" || *line == "NOT_FOUND") return false;
  return refusal(*line);
}

Result<MemcachedStats> MemcachedReader::read_stats() {
  MemcachedStats stats;
  for (std::size_t lines = 0; lines < base::memcached_stats_max; ++lines) {
    const auto line = read_line();
    if (!line) return fail(line.error());
    if (*line == "END") return stats;
    if (!line->starts_with("STAT ")) return refusal(*line);
    const auto words = base::split(*line, ' ');
    if (words.size() != 3) continue;
    const auto number = base::parse_number<std::int64_t>(words[2]);
    if (words[1] == "time") stats.time_s = number;
    if (words[1] == "uptime") stats.uptime_s = number;
    if (words[1] == "pid") stats.process = number;
  }
  return refusal({});
}

/// Without its end. The view dies with the next read.
Result<std::string_view> MemcachedReader::read_line() {
  for (std::size_t searched = 0;;) {
    const std::string_view unread(block_.data() + begin_, end_ - begin_);
    const auto at = unread.find(line_end, searched);
    if (at != std::string_view::npos) {
      begin_ += at + line_end.size();
      return unread.substr(0, at);
    }
    searched = unread.empty() ? 0 : unread.size() - 1;
    if (unread.size() == block_.size()) return refusal({});  // no line of memcached's is so long
    if (auto filled = fill(); !filled) return failure_of(std::move(filled));
  }
}

Result<void> MemcachedReader::read_exactly(char* to, std::size_t size) {
  while (size > 0) {
    if (begin_ != end_) {
      const std::size_t count = std::min(size, end_ - begin_);
      std::memcpy(to, block_.data() + begin_, count);
      begin_ += count;
      to += count;
      size -= count;
      continue;
    }
    const auto count = source_.read_some(to, size);
    if (!count) return fail(count.error());
    to += *count;
    size -= *count;
  }
  return {};
}

/// More into the block, behind what is unread.
Result<void> MemcachedReader::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == block_.size()) {
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const auto count = source_.read_some(block_.data() + end_, block_.size() - end_);
  if (!count) return fail(count.error());
  end_ += *count;
  return {};
}

}  // namespace valetkey::cache
