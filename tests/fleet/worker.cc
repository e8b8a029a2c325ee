// SPDX-License-Identifier: Apache-2.0
// fleet_worker CONFIG: one process of a fleet. It does what it reads on standard input, a command a
// line, and answers each with a line of JSON, so that a test can drive many such processes. Its log
// goes to standard error.
//
//   ask PREFIX COUNT THREADS SEED DEADLINE_MS [fingerprints] [waits] [for=MS]
//   check PREFIX COUNT DEADLINE_MS              whose the tokens are, asked of the API
//   token SUBJECT DEADLINE_MS [SCOPE RESOURCE]  the worker goes on holding it
//   show FINGERPRINT                            the text of a token that it holds
//   report FINGERPRINT                          report_unauthorized
//   revoke SUBJECT | FINGERPRINT | all
//   serve_until_changed SUBJECT FINGERPRINT LIMIT_MS [SCOPE RESOURCE]
//                                               first a line {"serving": true}, then the answer
//   call METHOD PATH [SUBJECT]
//   status
//   quit

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/text.h"
#include "tests/fleet/ask_storm.h"
#include "valetkey/client.h"
#include "valetkey/log.h"

namespace valetkey::fleet {
namespace {

namespace json = boost::json;

using Words = std::vector<std::string>;

/// One write for each line, so that lines of several threads do not mix.
void put_line(int descriptor, std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const auto written = ::write(descriptor, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads any more
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void answer(const json::object& told) {
  put_line(STDOUT_FILENO, json::serialize(told));
}

json::object told_error(const Error& error) {
  return {{"error", name_of(error.code)}, {"says", describe(error)}, {"hint", error.hint}};
}

std::optional<Subject> read_subject(const std::string& text) {
  if (text == "configured") return Subject{};
  if (text.starts_with("user:")) return user(text.substr(5));
  if (text.starts_with("enterprise:")) return enterprise(text.substr(11));
  return std::nullopt;
}

class Worker {
 public:
  Worker(Client client, std::shared_ptr<Clock> clock)
      : client_(std::move(client)), clock_(std::move(clock)) {}

  [[nodiscard]] json::object perform(const Words& words) {
    const std::string& name = words.front();
    if (name == "ask") return ask(words);
    if (name == "check") return check(words);
    if (name == "token") return token(words);
    if (name == "show") return show(words);
    if (name == "report") return report(words);
    if (name == "revoke") return revoke(words);
    if (name == "serve_until_changed") return serve_until_changed(words);
    if (name == "call") return call(words);
    if (name == "status") return status();
    return misused("no such command: " + name);
  }

 private:
  static json::object misused(const std::string& what) {
    return {{"error", "usage"}, {"says", what}};
  }

  static const std::string& word(const Words& words, std::size_t at) {
    static const std::string absent;
    return at < words.size() ? words[at] : absent;
  }

  static std::size_t number(const Words& words, std::size_t at) {
    return base::parse_number<std::size_t>(word(words, at)).value_or(0);
  }

  static std::chrono::milliseconds milliseconds(const Words& words, std::size_t at) {
    return std::chrono::milliseconds(number(words, at));
  }

  json::object ask(const Words& words) {
    StormPlan plan{.prefix = word(words, 1),
                   .subjects = number(words, 2),
                   .threads = number(words, 3),
                   .seed = number(words, 4),
                   .deadline = milliseconds(words, 5)};
    for (std::size_t at = 6; at < words.size(); ++at) {
      if (words[at] == "fingerprints") plan.tells_fingerprints = true;
      if (words[at] == "waits") plan.tells_waits = true;
      if (words[at].starts_with("for=")) {
        plan.busy_for = milliseconds({words[at].substr(4)}, 0);
      }
    }
    return run_storm(client_, *clock_, plan);
  }

  json::object check(const Words& words) {
    return check_owners(client_, *clock_,
                        {.prefix = word(words, 1),
                         .subjects = number(words, 2),
                         .deadline = milliseconds(words, 3)});
  }

  static std::optional<TokenRequest> read_request(const Words& words, std::size_t restriction_at) {
    auto subject = read_subject(word(words, 1));
    if (!subject) return std::nullopt;
    TokenRequest request{.subject = std::move(*subject)};
    if (restriction_at < words.size()) {
      request.scopes = {words[restriction_at]};
      request.resource = word(words, restriction_at + 1);
    }
    return request;
  }

  json::object token(const Words& words) {
    const auto request = read_request(words, 3);
    if (!request) return misused("a subject is user:ID, enterprise:ID or configured");
    const Instant began = clock_->now();
    auto token = client_.token(*request, Deadline{began + milliseconds(words, 2)});
    const Instant ended = clock_->now();
    json::object told = token ? json::object() : told_error(token.error());
    told["took_us"] = static_cast<double>((ended - began).count()) / 1'000.0;
    told["answered_at"] = nanoseconds_of(ended);
    if (!token) return told;
    const std::string fingerprint(token->fingerprint().text());
    told["fingerprint"] = fingerprint;
    told["subject"] = text_of(token->subject());
    told["origin"] = name_of(token->origin());
    if (const auto expires_at = token->expires_at()) {
      told["expires_in"] =
          std::chrono::duration_cast<std::chrono::seconds>(*expires_at - ended).count();
    }
    held_.insert_or_assign(fingerprint, std::move(*token));
    return told;
  }

  [[nodiscard]] const AccessToken* find_held(const std::string& fingerprint) const {
    const auto at = held_.find(fingerprint);
    return at == held_.end() ? nullptr : &at->second;
  }

  json::object show(const Words& words) const {
    const auto* const token = find_held(word(words, 1));
    if (token == nullptr) return misused("no such token is held");
    return token->reveal([](std::string_view text) { return json::object{{"token", text}}; });
  }

  json::object report(const Words& words) {
    const auto* const token = find_held(word(words, 1));
    if (token == nullptr) return misused("no such token is held");
    client_.report_unauthorized(*token);
    return {{"reported", true}};
  }

  Result<RevocationReport> revoke_chosen(const std::string& what, Deadline deadline) {
    if (what == "all") return client_.revoke_all(deadline);
    if (const auto* const token = find_held(what)) return client_.revoke(*token, deadline);
    const auto subject = read_subject(what);
    if (!subject) return fail(Errc::invalid_argument, "no such subject, and no such token");
    return client_.revoke_subject(client_.config().providers.front().name, *subject, deadline);
  }

  json::object revoke(const Words& words) {
    const Instant began = clock_->now();
    const auto report = revoke_chosen(word(words, 1), Deadline{began + std::chrono::seconds(30)});
    const Instant returned = clock_->now();
    json::object told = report ? json::object{{"delivered", report->delivered},
                                              {"pending", report->pending},
                                              {"ended", report->ended},
                                              {"refused", report->refused}}
                               : told_error(report.error());
    told["began_at"] = nanoseconds_of(began);
    told["returned_at"] = nanoseconds_of(returned);
    return told;
  }

  /// Serving begins when the ask begins: one that began before a revocation had returned may still
  /// bring the old token home after it.
  json::object serve_until_changed(const Words& words) {
    const auto request = read_request(words, 4);
    if (!request) return misused("a subject is user:ID, enterprise:ID or configured");
    const std::string& old = word(words, 2);
    const Instant began = clock_->now();
    const Instant limit = began + milliseconds(words, 3);
    std::uint64_t served = 0;
    std::int64_t last_asked_at = 0;
    std::int64_t last_served_at = 0;
    json::object told;
    for (;;) {
      const Instant asked = clock_->now();
      if (asked >= limit) {
        told["error"] = "timed_out";
        break;
      }
      const auto token = client_.token(*request, Deadline{limit});
      if (!token) {
        told = told_error(token.error());
        break;
      }
      if (token->fingerprint().text() != old) {
        told["fingerprint"] = token->fingerprint().text();
        break;
      }
      last_asked_at = nanoseconds_of(asked);
      last_served_at = nanoseconds_of(clock_->now());
      if (served++ == 0) answer({{"serving", true}});
      // Seven such processes and the one that revokes share a machine of two processors.
      pause(*clock_, std::chrono::microseconds(200));
    }
    if (served == 0) answer({{"serving", false}});
    const Instant ended = clock_->now();
    told["served"] = served;
    told["last_asked_at"] = last_asked_at;
    told["last_served_at"] = last_served_at;
    told["ended_at"] = nanoseconds_of(ended);
    told["took_ms"] = static_cast<double>((ended - began).count()) / 1'000'000.0;
    return told;
  }

  json::object call(const Words& words) {
    ApiCall call{.method = word(words, 1), .target = word(words, 2)};
    if (words.size() > 3) {
      auto subject = read_subject(words[3]);
      if (!subject) return misused("a subject is user:ID, enterprise:ID or configured");
      call.token.subject = std::move(*subject);
    }
    const auto answered = client_.call(call, Deadline{clock_->now() + std::chrono::seconds(60)});
    if (!answered) return told_error(answered.error());
    return {{"status", answered->status}, {"id", id_in(*answered)}};
  }

  [[nodiscard]] json::object status() const {
    const Status status = client_.status();
    const Counters& counters = status.counters;
    return {{"tokens", status.tokens.size()},
            {"pending_revocations", status.pending_revocations.size()},
            {"token_requests", counters.token_requests},
            {"fetches", counters.fetches},
            {"forced_refreshes", counters.forced_refreshes},
            {"failures", counters.failures},
            {"revocations", counters.revocations},
            {"shared",
             {{"reachable", status.shared.reachable},
              {"hears", status.shared.hears},
              {"hits", status.shared.hits},
              {"waits", status.shared.waits},
              {"taken_over", status.shared.taken_over},
              {"refused_writes", status.shared.refused_writes},
              {"failures", status.shared.failures},
              {"rubbish", status.shared.rubbish},
              {"learnt", status.shared.learnt},
              {"untold", status.shared.untold}}}};
  }

  Client client_;
  std::shared_ptr<Clock> clock_;  // shared with nobody; that is what the library hands out
  std::map<std::string, AccessToken> held_;
};

void log_to_standard_error() {
  set_log(LogLevel::info, [](LogLevel level, std::string_view line) {
    const char* const word = level >= LogLevel::error     ? "error: "
                             : level == LogLevel::warning ? "warning: "
                                                          : "info: ";
    put_line(STDERR_FILENO, word + std::string(line));
  });
}

int work(const std::string& config) {
  log_to_standard_error();
  auto client = Client::open(config);
  if (!client) {
    auto told = told_error(client.error());
    json::array mistakes;
    for (const auto& mistake : client.error().mistakes)
      mistakes.emplace_back(mistake.what);
    told["mistakes"] = std::move(mistakes);
    answer(told);
    return 2;
  }
  Worker worker(std::move(*client), make_system_clock());
  answer({{"ready", true}, {"pid", ::getpid()}});

  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream split(line);
    Words words;
    for (std::string one; split >> one;)
      words.push_back(one);
    if (words.empty()) continue;
    if (words.front() == "quit") break;
    answer(worker.perform(words));
  }
  return 0;
}

}  // namespace
}  // namespace valetkey::fleet

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: fleet_worker CONFIG\n";
    return 2;
  }
  return valetkey::fleet::work(arguments[1]);
}
