// SPDX-License-Identifier: Apache-2.0
#include "tests/fleet/ask_storm.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace valetkey::fleet {
namespace {

namespace json = boost::json;

/// What one thread saw; no other thread looks at it before it has ended.
struct Seen {
  std::vector<std::int64_t> waits_ns{};
  std::map<std::string, std::uint64_t> errors{};
  std::array<std::uint64_t, 3> origins{};
  std::map<std::size_t, std::set<std::string>> fingerprints{};
  std::map<std::string, std::string> examples{};  ///< one text for each code of an error
};

void ask_once(Client& client, Clock& clock, const StormPlan& plan, std::size_t index, Seen& seen) {
  const TokenRequest request{.subject = user(plan.prefix + std::to_string(index))};
  const Instant began = clock.now();
  const auto token = client.token(request, Deadline{began + plan.deadline});
  seen.waits_ns.push_back((clock.now() - began).count());
  if (!token) {
    ++seen.errors[std::string(name_of(token.error().code))];
    seen.examples.try_emplace(std::string(name_of(token.error().code)), describe(token.error()));
    return;
  }
  ++seen.origins.at(static_cast<std::size_t>(token->origin()));
  seen.fingerprints[index].emplace(token->fingerprint().text());
}

void ask_for_all(Client& client, Clock& clock, const StormPlan& plan, std::uint64_t number,
                 Seen& seen) {
  std::mt19937_64 random(plan.seed * 1'000'003U + number);
  std::vector<std::size_t> order(plan.subjects);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Instant until = clock.now() + plan.busy_for;
  do {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t index : order)
      ask_once(client, clock, plan, index, seen);
    if (plan.busy_for.count() != 0) pause(clock, std::chrono::milliseconds(5));
  } while (clock.now() < until);
}

std::vector<Seen> run_threads(Client& client, Clock& clock, const StormPlan& plan) {
  std::vector<Seen> seen(plan.threads);
  std::vector<std::jthread> threads;
  for (std::size_t number = 0; number < plan.threads; ++number) {
    threads.emplace_back([&, number] { ask_for_all(client, clock, plan, number, seen[number]); });
  }
  threads.clear();  // joins
  return seen;
}

double microseconds(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return static_cast<double>(sorted[static_cast<std::size_t>(last * share)]) / 1'000.0;
}

void tell_waits(const std::vector<Seen>& seen, const StormPlan& plan, json::object& told) {
  std::vector<std::int64_t> waits;
  for (const auto& one : seen)
    waits.insert(waits.end(), one.waits_ns.begin(), one.waits_ns.end());
  std::sort(waits.begin(), waits.end());
  told["asks"] = waits.size();
  told["p50_us"] = microseconds(waits, 0.50);
  told["p99_us"] = microseconds(waits, 0.99);
  told["max_us"] = microseconds(waits, 1.0);
  if (!plan.tells_waits) return;
  json::array each;
  each.reserve(waits.size());
  for (const auto wait : waits)
    each.emplace_back(static_cast<double>(wait) / 1'000.0);
  told["waits_us"] = std::move(each);
}

void tell_counts(const std::vector<Seen>& seen, json::object& told) {
  std::array<std::uint64_t, 3> origins{};
  std::map<std::string, std::uint64_t> errors;
  json::object examples;
  for (const auto& one : seen) {
    for (std::size_t at = 0; at < origins.size(); ++at)
      origins.at(at) += one.origins.at(at);
    for (const auto& [code, count] : one.errors)
      errors[code] += count;
    for (const auto& [code, text] : one.examples)
      examples[code] = text;
  }
  told["ok"] = std::accumulate(origins.begin(), origins.end(), std::uint64_t{0});
  json::object by_origin;
  for (std::size_t at = 0; at < origins.size(); ++at)
    by_origin[name_of(static_cast<TokenOrigin>(at))] = origins.at(at);
  told["origins"] = std::move(by_origin);
  json::object by_code;
  for (const auto& [code, count] : errors)
    by_code[code] = count;
  told["errors"] = std::move(by_code);
  told["examples"] = std::move(examples);
}

void tell_fingerprints(const std::vector<Seen>& seen, const StormPlan& plan, json::object& told) {
  std::map<std::size_t, std::set<std::string>> all;
  for (const auto& one : seen) {
    for (const auto& [index, fingerprints] : one.fingerprints)
      all[index].insert(fingerprints.begin(), fingerprints.end());
  }
  json::array several;
  json::object by_subject;
  for (const auto& [index, fingerprints] : all) {
    const std::string subject = "user:" + plan.prefix + std::to_string(index);
    if (fingerprints.size() > 1) several.emplace_back(subject);
    by_subject[subject] = *fingerprints.begin();
  }
  told["several"] = std::move(several);
  if (plan.tells_fingerprints) told["fingerprints"] = std::move(by_subject);
}

}  // namespace

void pause(Clock& clock, std::chrono::nanoseconds length) {
  std::mutex mutex;
  std::condition_variable nobody_notifies;
  std::unique_lock lock(mutex);
  clock.wait(nobody_notifies, lock, clock.now() + length);
}

std::int64_t nanoseconds_of(Instant instant) {
  return instant.time_since_epoch().count();
}

json::object run_storm(Client& client, Clock& clock, const StormPlan& plan) {
  const Instant began = clock.now();
  const auto seen = run_threads(client, clock, plan);
  const Instant ended = clock.now();

  json::object told;
  told["began_at"] = nanoseconds_of(began);
  told["ended_at"] = nanoseconds_of(ended);
  told["wall_ms"] = static_cast<double>((ended - began).count()) / 1'000'000.0;
  tell_waits(seen, plan, told);
  tell_counts(seen, told);
  tell_fingerprints(seen, plan, told);
  return told;
}

std::string id_in(const HttpResponse& response) {
  return response.body.reveal([](std::string_view text) {
    json::error_code bad;
    const auto value = json::parse(text, bad);
    if (bad || !value.is_object()) return std::string();
    const auto* const id = value.get_object().if_contains("id");
    return id != nullptr && id->is_string() ? std::string(id->get_string()) : std::string();
  });
}

json::object check_owners(Client& client, Clock& clock, const StormPlan& plan) {
  json::array wrong;
  std::uint64_t right = 0;
  for (std::size_t index = 0; index < plan.subjects; ++index) {
    const std::string id = plan.prefix + std::to_string(index);
    const auto answer = client.call({.token = {.subject = user(id)}, .target = "/2.0/users/me"},
                                    Deadline{clock.now() + plan.deadline});
    if (answer && answer->status == 200 && id_in(*answer) == id) {
      ++right;
    } else {
      wrong.emplace_back(id + ": " +
                         (answer ? std::to_string(answer->status) + " " + id_in(*answer)
                                 : describe(answer.error())));
    }
  }
  return {{"right", right}, {"wrong", std::move(wrong)}};
}

}  // namespace valetkey::fleet
