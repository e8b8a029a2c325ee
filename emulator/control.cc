// SPDX-License-Identifier: Apache-2.0
#include "emulator/control.h"

#include <initializer_list>

#include "base/text.h"
#include "emulator/api.h"
#include "emulator/replies.h"

namespace valetkey::emulator {
namespace {

// A century is enough, and its nanoseconds still fit.
constexpr std::int64_t clock_seconds_max = std::int64_t{100} * 366 * 24 * 3600;

json::object counts(const Tally& tally) {
  json::object value;
  for (const auto& [name, count] : tally.by_name())
    value[name] = count;
  return value;
}

json::array list_of(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts)
    list.emplace_back(text);
  return list;
}

Reply done(json::object value = {}) {
  value["ok"] = true;
  return json_reply(200, value);
}

Reply wrong(std::string_view what) {
  return json_reply(400, json::object{{"error", what}});
}

/// The body as an object with no other members than these.
Result<json::object> read_object(const Request& request,
                                 std::initializer_list<std::string_view> names) {
  auto value = body_object(request.body);
  if (!value) return fail(Errc::invalid_argument, "the body must be a JSON object");
  for (const auto& member : *value) {
    if (std::find(names.begin(), names.end(), std::string_view(member.key())) == names.end()) {
      return fail(Errc::invalid_argument,
                  "unknown member \"" + base::printable(member.key(), 40) + "\"");
    }
  }
  return std::move(*value);
}

Reply facts_reply(const State& state) {
  const auto facts = facts_of(state.seed);
  json::object value;
  value["base_url"] = state.base_url;
  value["client_id"] = facts.client_id;
  value["enterprise_id"] = facts.enterprise_id;
  value["admin_id"] = facts.admin_id;
  value["service_account_id"] = facts.service_account_id;
  value["user_ids"] = list_of(facts.user_ids);
  value["key_id"] = facts.key_id;
  value["redirect_uri"] = facts.redirect_uri;
  value["root_file_ids"] = list_of(facts.root_file_ids);
  value["folder_id"] = facts.folder_id;
  value["folder_file_ids"] = list_of(facts.folder_file_ids);
  return json_reply(200, value);
}

Reply add_faults(State& state, const Request& request) {
  auto faults = parse_faults(request.body);
  if (!faults) return wrong(faults.error().context);
  const auto added = faults->size();
  if (const auto result = state.faults.add(std::move(*faults)); !result) {
    return wrong(result.error().context);
  }
  return done({{"added", added}, {"waiting", state.faults.waiting()}});
}

Reply set_clock(State& state, const Request& request) {
  const auto body = read_object(request, {"advance_s", "skew_s"});
  if (!body) return wrong(body.error().context);
  if (body->empty()) return wrong("\"advance_s\" or \"skew_s\" is needed");
  for (const auto& member : *body) {
    const std::int64_t lowest = member.key() == "advance_s" ? 0 : -clock_seconds_max;
    if (!member.value().is_int64() || member.value().get_int64() < lowest ||
        member.value().get_int64() > clock_seconds_max) {
      return wrong("\"" + std::string(member.key()) + "\" must be an integer of seconds" +
                   (lowest == 0 ? ", not negative" : ""));
    }
  }
  if (const auto* const by = body->if_contains("advance_s")) {
    state.clock.advance(std::chrono::seconds(by->get_int64()));
  }
  if (const auto* const skew = body->if_contains("skew_s")) {
    state.clock.set_skew(std::chrono::seconds(skew->get_int64()));
  }
  return done({{"now", format_timestamp(state.clock.wall())}});
}

Result<TokenChoice> read_choice(const Request& request) {
  const auto body = read_object(request, {"fingerprint", "subject", "all"});
  if (!body) return fail(body.error());
  TokenChoice which;
  if (const auto* const value = body->if_contains("fingerprint"); value && value->is_string()) {
    which.fingerprint = value->get_string();
  }
  if (const auto* const value = body->if_contains("subject"); value && value->is_string()) {
    which.subject = value->get_string();
  }
  if (const auto* const value = body->if_contains("all"); value && value->is_bool()) {
    which.all = value->get_bool();
  }
  return which;
}

using Choose = Result<std::size_t> (*)(State&, const TokenChoice&);

Reply kill_tokens(State& state, const Request& request, Choose choose) {
  const auto which = read_choice(request);
  if (!which) return wrong(which.error().context);
  const auto hit = choose(state, *which);
  if (!hit) return wrong(hit.error().context);
  return done({{"tokens", *hit}});
}

Reply disable(State& state, const Request& request) {
  const auto body = read_object(request, {"id"});
  if (!body) return wrong(body.error().context);
  const auto* const id = body->if_contains("id");
  if (id == nullptr || !id->is_string()) return wrong("\"id\" must be a user's id, a string");
  const auto result = disable_chosen(state, std::string(id->get_string()));
  return result ? done() : wrong(result.error().context);
}

Result<TokenStore::Matches> matcher_of(const TokenChoice& which) {
  const int named =
      (which.fingerprint.empty() ? 0 : 1) + (which.subject.empty() ? 0 : 1) + (which.all ? 1 : 0);
  if (named != 1) {
    return fail(Errc::invalid_argument,
                "exactly one of \"fingerprint\", \"subject\" and \"all\": true is needed");
  }
  if (which.all) return [](const AccessEntry&) { return true; };
  if (!which.fingerprint.empty()) {
    if (which.fingerprint.size() != Fingerprint::digits ||
        which.fingerprint.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return fail(Errc::invalid_argument, "a fingerprint is 12 hex digits in lower case");
    }
    return [wanted = which.fingerprint](const AccessEntry& entry) {
      return entry.fingerprint.text() == wanted;
    };
  }
  if (!which.subject.starts_with("user:") && !which.subject.starts_with("enterprise:")) {
    return fail(Errc::invalid_argument, "a subject is user:ID or enterprise:ID");
  }
  return [wanted = which.subject](const AccessEntry& entry) {
    return entry.holding.subject == wanted;
  };
}

}  // namespace

bool is_control_path(std::string_view path) {
  return path.starts_with("/_emulator/");
}

Result<std::size_t> expire_chosen(State& state, const TokenChoice& which) {
  auto matches = matcher_of(which);
  if (!matches) return failure_of(std::move(matches));
  return state.tokens.expire_if(*matches, state.clock.now());
}

Result<std::size_t> revoke_chosen(State& state, const TokenChoice& which) {
  auto matches = matcher_of(which);
  if (!matches) return failure_of(std::move(matches));
  return state.tokens.revoke_if(*matches, state.clock.now());
}

Result<void> disable_chosen(State& state, const std::string& id) {
  auto* const user = state.world.find_user(id);
  if (user == nullptr) return fail(Errc::invalid_argument, "no user has that id");
  user->disabled = true;
  return {};
}

std::string ledger_text(const State& state) {
  const auto& ledger = state.ledger;
  json::object requests;
  requests["total"] = ledger.grants.total();
  requests["by_grant"] = counts(ledger.grants);
  requests["by_subject"] = counts(ledger.subjects);
  requests["by_restriction"] = counts(ledger.restrictions);
  requests["by_status"] = counts(ledger.outcomes);
  json::object revocations;
  revocations["total"] = ledger.revocations.total();
  revocations["by_kind"] = counts(ledger.revocations);
  json::object value;
  value["token_requests"] = std::move(requests);
  value["revocations"] = std::move(revocations);
  value["api_calls"] = counts(ledger.api_calls);
  value["live_tokens"] = list_of(state.tokens.live_fingerprints(state.clock.now()));
  return json::serialize(value);
}

Reply answer_control(State& state, const Request& request) {
  // SECURITY: these paths undo what everything else here enforces. Only this machine may use them,
  // and no page in a browser: a page's POST carries its Origin.
  if (!request.from_loopback || find_field(request.fields, "origin")) {
    return json_reply(403, json::object{{"error", "only programs on this machine may do this"}});
  }
  const std::string_view path = std::string_view(request.path).substr(11);
  const bool is_get = path == "ledger" || path == "facts";
  if (request.method != (is_get ? "GET" : "POST")) {
    return json_reply(405, json::object{{"error", is_get ? "use GET" : "use POST"}});
  }
  if (path == "facts") return facts_reply(state);
  if (path == "ledger") {
    auto reply = json_reply(200, nullptr);
    reply.body = ledger_text(state);
    return reply;
  }
  if (path == "faults") return add_faults(state, request);
  if (path == "clock") return set_clock(state, request);
  if (path == "tokens/expire") return kill_tokens(state, request, expire_chosen);
  if (path == "tokens/revoke") return kill_tokens(state, request, revoke_chosen);
  if (path == "users/disable") return disable(state, request);
  if (path == "reset") {
    reset(state);
    return done();
  }
  return json_reply(404, json::object{{"error", "no such control path"}});
}

}  // namespace valetkey::emulator
