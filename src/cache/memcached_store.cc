// SPDX-License-Identifier: Apache-2.0
#include "cache/memcached_store.h"

#include <libmemcached/memcached.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "cache/memcached_lines.h"

namespace valetkey::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t name_bytes_max = 200;
constexpr std::chrono::seconds life_max = 24h * 30;

std::string text_of(const MemcachedServer& server) {
  if (!server.path.empty()) return server.path;
  const bool is_v6 = server.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
}

/// memcached's clock ticks once a second, so a life of one second may end at once: one more makes
/// it last at least as long as asked.
std::chrono::seconds counted(std::chrono::milliseconds life) {
  return std::clamp(std::chrono::ceil<std::chrono::seconds>(life), 0s, life_max - 1s) + 1s;
}

/// SECURITY: a name that holds a space or a line's end could say something else to the server.
bool is_sayable(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::all_of(name.begin(), name.end(),
                     [](char letter) { return letter > ' ' && letter < 127; });
}

/// Which name falls to which server: libmemcached's consistent hashing ("ketama", MD5). It sends
/// nothing and reads nothing; see memcached_wire.h for why.
class Placing {
 public:
  explicit Placing(const std::vector<MemcachedServer>& servers)
      : continuum_(memcached_create(nullptr), memcached_free) {
    VALETKEY_ASSERT(continuum_);
    memcached_behavior_set(continuum_.get(), MEMCACHED_BEHAVIOR_KETAMA, 1);
    for (const auto& server : servers) {
      const auto added =
          server.path.empty()
              ? memcached_server_add(continuum_.get(), server.host.c_str(), server.port)
              : memcached_server_add_unix_socket(continuum_.get(), server.path.c_str());
      VALETKEY_ASSERT(added == MEMCACHED_SUCCESS);
    }
  }

  std::size_t server_for(std::string_view name) const {
    return memcached_generate_hash(continuum_.get(), name.data(), name.size());
  }

 private:
  std::unique_ptr<memcached_st, decltype(&memcached_free)> continuum_;
};

class MemcachedStore final : public SharedStore {
 public:
  explicit MemcachedStore(MemcachedOptions options)
      : timeout_(options.timeout), clock_(std::move(options.clock)), placing_(options.servers) {
    std::vector<std::string> texts;
    for (const auto& server : options.servers) {
      texts.push_back(text_of(server));
      MemcachedEndpoint endpoint{.path = server.path};
      if (server.path.empty())
        endpoint.lookup = std::make_shared<HostLookup>(server.host, server.port, clock_);
      servers_.push_back(std::make_unique<MemcachedLines>("memcached " + texts.back(),
                                                          std::move(endpoint), clock_));
    }
    description_ = "memcached " + base::joined(texts, ", ");
  }

  std::vector<Found> get(const std::vector<StoredName>& names, Deadline deadline) override;
  Result<bool> put(const StoredName& name, const std::string& version, const Secret& bytes,
                   std::chrono::milliseconds life, Deadline deadline) override;
  Result<WallTime> time(Deadline deadline) override;
  std::size_t copies() const override { return servers_.size(); }
  std::string description() const override { return description_; }

 private:
  /// The names of one question that lie on one server.
  struct Share {
    MemcachedLines* server = nullptr;   ///< null: it has none of them
    std::vector<std::size_t> places{};  ///< in the question
    std::vector<std::string_view> names{};
    std::optional<MemcachedLines::Lease> line{};
    bool hurried = false;    ///< when it was asked
    bool postponed = false;  ///< all its connections were in use
  };

  Deadline end_of(Deadline deadline) const {
    return deadline.sooner(Deadline{clock_->now() + timeout_});
  }
  /// For one of so many that are still to be asked until `end`: one that hangs leaves time for the
  /// others.
  QuestionTime time_for(Deadline end, std::size_t to_ask = 1) const;

  Result<std::size_t> server_of(const StoredName& name) const;
  /// By server; names that are none get their errors.
  std::vector<Share> shares_of(const std::vector<StoredName>& names, std::vector<Found>& found);
  static void begin(Share& share, QuestionTime time, std::vector<Found>& found, bool may_wait);
  static void finish(Share& share, Deadline end, std::vector<Found>& found);

  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<Clock> clock_;
  const Placing placing_;
  std::vector<std::unique_ptr<MemcachedLines>> servers_;
  std::string description_;
};

Result<std::size_t> MemcachedStore::server_of(const StoredName& name) const {
  if (!is_sayable(name.text) || name.copy.value_or(0) >= servers_.size())
    return fail(Errc::invalid_argument, "no name for a value in memcached",
                "at most 200 printable characters without a space, and a copy that exists");
  return name.copy ? *name.copy : placing_.server_for(name.text);
}

QuestionTime MemcachedStore::time_for(Deadline end, std::size_t to_ask) const {
  const Instant now = clock_->now();
  const std::chrono::nanoseconds enough = timeout_ / 4;
  const auto left = end.left(now);
  const auto part = std::max(left / static_cast<std::int64_t>(to_ask), enough);
  return {.deadline = end.sooner(Deadline{now + part}), .hurried = left < enough};
}

std::vector<MemcachedStore::Share> MemcachedStore::shares_of(const std::vector<StoredName>& names,
                                                             std::vector<Found>& found) {
  std::vector<Share> shares(servers_.size());
  for (std::size_t place = 0; place < names.size(); ++place) {
    const auto server = server_of(names[place]);
    if (!server) {
      found[place] = fail(server.error());
      continue;
    }
    shares[*server].server = servers_[*server].get();
    shares[*server].places.push_back(place);
    shares[*server].names.push_back(names[place].text);
  }
  return shares;
}

std::vector<MemcachedStore::Found> MemcachedStore::get(const std::vector<StoredName>& names,
                                                       Deadline deadline) {
  const Deadline end = end_of(deadline);
  std::vector<Found> found(names.size());
  std::vector<Share> shares = shares_of(names, found);
  // Rule C8: a server that hangs costs its own names and no other's. So whoever will answer at once
  // is asked first, and every server is asked before any is waited for.
  std::vector<std::pair<Standing, Share*>> order;
  for (Share& share : shares) {
    if (share.server != nullptr) order.emplace_back(share.server->standing(), &share);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  for (std::size_t each = 0; each < order.size(); ++each)
    begin(*order[each].second, time_for(end, order.size() - each), found, false);
  for (const auto& [standing, share] : order) {
    if (share->line) finish(*share, end, found);
  }
  // Who waits for a connection holds none, so no two callers wait for each other.
  for (const auto& [standing, share] : order) {
    if (!share->postponed) continue;
    begin(*share, time_for(end), found, true);
    if (share->line) finish(*share, end, found);
  }
  return found;
}

void MemcachedStore::begin(Share& share, QuestionTime time, std::vector<Found>& found,
                           bool may_wait) {
  const auto failed = [&](const Error& error) {
    for (const std::size_t place : share.places)
      found[place] = fail(error);
  };
  share.hurried = time.hurried;
  if (may_wait) {
    auto line = share.server->take(time);
    if (!line) return failed(line.error());
    share.line.emplace(std::move(*line));
  } else {
    auto line = share.server->take_now(time);
    if (!line) return failed(line.error());
    share.postponed = !line->has_value();
    if (share.postponed) return;
    share.line.emplace(std::move(**line));
  }
  auto sent = (*share.line)->send_gets(share.names, time.deadline);
  if (sent) return;
  failed(share.server->judged(std::move(sent), time).error());
  share.line.reset();
}

void MemcachedStore::finish(Share& share, Deadline end, std::vector<Found>& found) {
  auto values = share.server->judged((*share.line)->read_values(share.names, end),
                                     {.deadline = end, .hurried = share.hurried});
  share.line.reset();
  for (std::size_t each = 0; each < share.places.size(); ++each) {
    Found& place = found[share.places[each]];
    if (values) {
      place = std::move((*values)[each]);
    } else {
      place = fail(values.error());
    }
  }
}

Result<bool> MemcachedStore::put(const StoredName& name, const std::string& version,
                                 const Secret& bytes, std::chrono::milliseconds life,
                                 Deadline deadline) {
  const auto number = server_of(name);
  if (!number) return fail(number.error());
  MemcachedLines& server = *servers_[*number];
  const QuestionTime time = time_for(end_of(deadline));
  auto line = server.take(time);
  if (!line) return failure_of(std::move(line));
  return server.judged((*line)->put(name.text, version, bytes, counted(life), time.deadline), time);
}

/// The first that answers, the likeliest asked first.
Result<WallTime> MemcachedStore::time(Deadline deadline) {
  const Deadline end = end_of(deadline);
  std::vector<std::pair<Standing, MemcachedLines*>> order;
  for (const auto& server : servers_)
    order.emplace_back(server->standing(), server.get());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  Result<WallTime> told = fail(Errc::unreachable, "nobody was asked the time", "name a server");
  for (std::size_t each = 0; each < order.size(); ++each) {
    MemcachedLines& server = *order[each].second;
    const QuestionTime time = time_for(end, order.size() - each);
    auto line = server.take(time);
    told = line ? server.judged((*line)->time(time.deadline), time)
                : Result<WallTime>(fail(line.error()));
    if (told) break;
  }
  return told;
}

}  // namespace

std::shared_ptr<SharedStore> make_memcached_store(MemcachedOptions options) {
  VALETKEY_ASSERT(!options.servers.empty() && options.clock);
  std::sort(options.servers.begin(), options.servers.end());
  const auto repeated = std::unique(options.servers.begin(), options.servers.end());
  options.servers.erase(repeated, options.servers.end());
  return std::make_shared<MemcachedStore>(std::move(options));
}

}  // namespace valetkey::cache
