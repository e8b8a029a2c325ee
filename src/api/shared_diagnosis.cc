// SPDX-License-Identifier: Apache-2.0
// What `valetkey doctor` looks at in a shared cache: servers, their clock, a value there and back.

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "api/shared_cache.h"
#include "cache/server_url.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto clock_notice = 5s;
constexpr auto trial_life = 10s;
constexpr auto bell_patience = 2s;
constexpr auto bell_step = 20ms;

class SharedDiagnosis {
 public:
  SharedDiagnosis(const Config& config, const SharedCache& shared, Clock& clock, Deadline deadline,
                  std::vector<Finding>& findings)
      : config_(config), shared_(shared), clock_(clock), deadline_(deadline), findings_(findings) {}

  void run() {
    const auto servers = cache::parse_server_url(config_.cache.shared);
    if (!servers) return;  // find_mistakes has said so
    look_at_password(*servers);
    if (!look_at_servers(*servers)) return;
    look_at_clock();
    look_at_sealing();
    if (shared_.bell) {
      look_at_bell();
    } else {
      add(FindingLevel::good, "[cache] a revocation reaches the other processes within a second");
    }
  }

 private:
  void add(FindingLevel level, std::string what, std::string remedy = {}) {
    findings_.push_back({level, std::move(what), std::move(remedy)});
  }

  static std::string remedy_for(const Error& error, cache::ServerKind kind) {
    if (!error.hint.empty()) return error.hint;
    if (error.code == Errc::access_denied) return "check shared_user and shared_password";
    return "start it, or check the address in `shared` and what is between: " +
           std::string(kind == cache::ServerKind::redis ? "redis-cli ping" : "memcstat") +
           " shows whether it answers; until then each process fetches its own tokens";
  }

  /// Each server keeps a copy of its own of some values, and so can be asked by itself. Returns
  /// whether any answers.
  bool look_at_servers(const cache::SharedServers& servers) {
    auto addresses = servers.addresses;
    // As the store numbers its copies: whatever their order in the configuration.
    std::sort(addresses.begin(), addresses.end(), [](const auto& left, const auto& right) {
      return std::tie(left.host, left.port, left.unix_path) <
             std::tie(right.host, right.port, right.unix_path);
    });
    std::vector<StoredName> names;
    for (std::size_t copy = 0; copy < addresses.size(); ++copy)
      names.push_back({.text = name_, .copy = copy});
    const auto answers = shared_.store->get(names, deadline_);
    bool any = false;
    for (std::size_t index = 0; index < addresses.size(); ++index) {
      const std::string server =
          "[cache] " + std::string(name_of(servers.kind)) + " " + text_of(addresses[index]);
      if (answers[index]) {
        add(FindingLevel::good, server + " answers");
        any = true;
      } else {
        const auto& error = answers[index].error();
        add(FindingLevel::problem, server + " is of no use: " + describe(error),
            remedy_for(error, servers.kind));
      }
    }
    return any;
  }

  void look_at_clock() {
    const auto theirs = shared_.store->time(deadline_);
    if (!theirs) {
      return add(FindingLevel::problem,
                 "[cache] its clock cannot be read: " + describe(theirs.error()),
                 theirs.error().hint);
    }
    const auto ahead = std::chrono::round<std::chrono::seconds>(*theirs - clock_.wall_now());
    const auto apart = std::chrono::abs(ahead);
    if (apart < clock_notice) {
      return add(FindingLevel::good, "[cache] our clock agrees with the server's");
    }
    add(FindingLevel::notice,
        "[cache] our clock is " + std::to_string(apart.count()) + " s " +
            (ahead > 0s ? "behind" : "ahead of") + " the server's",
        "set the clocks, and keep them set with systemd-timesyncd or chrony; processes go by the "
        "server's meanwhile");
  }

  void look_at_sealing() {
    const Secret written(crypto::random_hex(16));
    const auto put =
        shared_.store->put({.text = name_, .copy = {}}, "", written, trial_life, deadline_);
    if (!put) {
      return add(FindingLevel::problem,
                 "[cache] a value cannot be put there: " + describe(put.error()), put.error().hint);
    }
    const auto found = shared_.store->get({{.text = name_, .copy = {}}}, deadline_);
    if (!found.front()) {
      const auto& error = found.front().error();
      return add(FindingLevel::problem, "[cache] a value cannot be got back: " + describe(error),
                 error.hint);
    }
    const auto& value = *found.front();
    if (!*put || !value || !same(written, value->bytes)) {
      return add(FindingLevel::problem, "[cache] a value that was put there does not come back",
                 "give the server more memory, and see whether another program writes to it");
    }
    add(FindingLevel::good, "[cache] a sealed value comes back as it was put");
  }

  static bool same(const Secret& left, const Secret& right) {
    return left.reveal([&](std::string_view one) {
      return right.reveal(
          [&](std::string_view other) { return crypto::equal_in_constant_time(one, other); });
    });
  }

  void look_at_bell() {
    const Deadline patience = deadline_.sooner({clock_.now() + bell_patience});
    std::mutex mutex;
    std::condition_variable never;
    // A client that has just begun to listen may be about to hear.
    while (shared_.bell->hearing() == SharedBell::Hearing::deaf && !patience.passed(clock_.now())) {
      std::unique_lock lock(mutex);
      clock_.wait(never, lock, clock_.now() + bell_step);
    }
    const std::string without = "[cache] a revocation reaches the other processes within a second";
    switch (shared_.bell->hearing()) {
      case SharedBell::Hearing::listening:
        return add(FindingLevel::good, "[cache] a revocation reaches the other processes at once");
      case SharedBell::Hearing::deaf:
        return add(FindingLevel::notice,
                   without +
                       " and not at once: the connection on which the "
                       "server tells of it is being made",
                   "run `valetkey doctor` again; if this stays, look at the server's maxclients");
      case SharedBell::Hearing::unavailable:
        return add(FindingLevel::notice,
                   without + " and not at once: the server does not let us listen",
                   "allow the user +subscribe +publish +ping +eval +sadd +scard +pexpire and the "
                   "names and channels of ours (~vk1:* &vk1:*)");
    }
  }

  void look_at_password(const cache::SharedServers& servers) {
    const auto& address = servers.addresses.front();
    if (config_.cache.shared_password.empty() || is_local(address)) return;
    add(FindingLevel::notice,
        "[cache] shared_password crosses the network unencrypted, to " + text_of(address),
        "let the server listen on a UNIX socket or 127.0.0.1, and reach it from other machines "
        "through a tunnel (stunnel, WireGuard, ssh); what is cached there is sealed in any case");
  }

  const Config& config_;
  const SharedCache& shared_;
  Clock& clock_;
  const Deadline deadline_;
  std::vector<Finding>& findings_;
  const std::string name_ = "doctor:" + crypto::random_hex(16);
};

}  // namespace

void diagnose_shared_cache(const Config& config, const SharedCache& shared, Clock& clock,
                           Deadline deadline, std::vector<Finding>& findings) {
  if (shared) SharedDiagnosis(config, shared, clock, deadline, findings).run();
}

}  // namespace valetkey::api
