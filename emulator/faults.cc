// SPDX-License-Identifier: Apache-2.0
#include "emulator/faults.h"

#include <algorithm>
#include <initializer_list>

#include <boost/json.hpp>

#include "base/text.h"
#include "emulator/token_request.h"

namespace valetkey::emulator {
namespace {

namespace json = boost::json;

constexpr std::size_t truncate_bytes = 10;            // what "truncate": true leaves of a body
constexpr std::size_t huge_bytes = 10 * 1024 * 1024;  // what "huge": true answers

/// Reads one fault and remembers the first mistake in it.
class FaultReader {
 public:
  [[nodiscard]] const std::string& mistake() const { return mistake_; }

  Fault read(const json::value& value) {
    Fault fault;
    if (!value.is_object()) {
      note("must be an object with match, times and action");
      return fault;
    }
    const auto& from = value.get_object();
    known_only(from, {"match", "times", "action"});
    fault.times = number(from, "times", 1, 1'000'000).value_or(1);
    if (fault.times == 0) note("\"times\" must be at least 1");
    if (const auto* const match = from.if_contains("match")) read_match(*match, fault.match);
    const auto* const action = from.if_contains("action");
    if (action != nullptr && action->is_string()) {
      // {"action": "close"}: a word alone is that fault at its plainest.
      json::object plain;
      plain[action->get_string()] = true;
      read_action(plain, fault.delivery);
    } else if (action == nullptr || !action->is_object() || action->get_object().empty()) {
      note("\"action\" must be an object that says what is to go wrong");
    } else {
      read_action(action->get_object(), fault.delivery);
    }
    return fault;
  }

 private:
  void note(std::string mistake) {
    if (mistake_.empty()) mistake_ = std::move(mistake);
  }

  void known_only(const json::object& from, std::initializer_list<std::string_view> names) {
    for (const auto& member : from) {
      if (std::find(names.begin(), names.end(), std::string_view(member.key())) == names.end()) {
        note("unknown member \"" + base::printable(member.key(), 40) + "\"");
      }
    }
  }

  std::optional<std::size_t> number(const json::object& from, std::string_view name,
                                    std::int64_t at_least, std::int64_t at_most) {
    const auto* const value = from.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64() || value->get_int64() < at_least || value->get_int64() > at_most) {
      note("\"" + std::string(name) + "\" must be an integer from " + std::to_string(at_least) +
           " to " + std::to_string(at_most));
      return std::nullopt;
    }
    return static_cast<std::size_t>(value->get_int64());
  }

  std::string text(const json::object& from, std::string_view name) {
    const auto* const value = from.if_contains(name);
    if (value == nullptr) return {};
    if (value->is_string()) return std::string(value->get_string());
    note("\"" + std::string(name) + "\" must be a string");
    return {};
  }

  bool flag(const json::object& from, std::string_view name) {
    const auto* const value = from.if_contains(name);
    if (value == nullptr) return false;
    if (value->is_bool()) return value->get_bool();
    note("\"" + std::string(name) + "\" must be true or false");
    return false;
  }

  void read_match(const json::value& value, Match& match) {
    if (value.is_string()) {
      // "/oauth2/token" or "POST /oauth2/token".
      const std::string_view text(value.get_string());
      const auto blank = text.find(' ');
      if (blank != std::string_view::npos) match.method = text.substr(0, blank);
      match.path = base::trimmed(blank == std::string_view::npos ? text : text.substr(blank));
    } else if (value.is_object()) {
      const auto& from = value.get_object();
      known_only(from, {"path", "method", "grant", "grant_type"});
      match.path = text(from, "path");
      match.method = text(from, "method");
      match.grant = text(from, from.contains("grant") ? "grant" : "grant_type");
    } else {
      note("\"match\" must be a path prefix or an object with path, method, grant");
    }
    if (match.path.ends_with('*')) match.path.pop_back();  // a prefix is what it is anyway
    for (char& letter : match.method) {
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    if (!match.path.empty() && match.path.front() != '/') note("a path begins with \"/\"");
    if (match.grant == "jwt") match.grant = "jwt-bearer";
    if (!match.grant.empty()) match.grant = short_grant(match.grant);
    if (match.grant == "other") note("\"grant\" names no grant");
  }

  /// A number, or true for `plain`.
  std::optional<std::size_t> number_or_flag(const json::object& from, std::string_view name,
                                            std::int64_t at_least, std::int64_t at_most,
                                            std::size_t plain) {
    const auto* const value = from.if_contains(name);
    if (value != nullptr && value->is_bool()) {
      return value->get_bool() ? std::optional(plain) : std::nullopt;
    }
    return number(from, name, at_least, at_most);
  }

  CloseAt close_at(const json::object& from) {
    const auto* const value = from.if_contains("close");
    if (value == nullptr) return CloseAt::never;
    if (value->is_bool()) return value->get_bool() ? CloseAt::before : CloseAt::never;
    const auto word = text(from, "close");
    for (const auto* const before : {"before", "before_commit", "before commit"}) {
      if (word == before) return CloseAt::before;
    }
    for (const auto* const after : {"after", "after_commit", "after commit"}) {
      if (word == after) return CloseAt::after;
    }
    note("\"close\" must be \"before\" or \"after\" (commit)");
    return CloseAt::never;
  }

  std::string body_text(const json::object& from) {
    const auto* const value = from.if_contains("body");
    const bool is_json = value != nullptr && (value->is_object() || value->is_array());
    return is_json ? json::serialize(*value) : text(from, "body");
  }

  void read_action(const json::object& from, Delivery& to) {
    known_only(from, {"status", "headers", "body", "commit", "delay_ms", "close", "truncate",
                      "malformed", "slow_ms_per_byte", "huge"});
    to.delay = milliseconds(from, "delay_ms", 600'000);
    to.slow_per_byte = milliseconds(from, "slow_ms_per_byte", 60'000);
    to.truncate = number_or_flag(from, "truncate", 0, 1 << 30, truncate_bytes);
    to.malformed = flag(from, "malformed");
    to.commit = flag(from, "commit");
    to.huge_bytes =
        number_or_flag(from, "huge", 1, std::int64_t{huge_bytes_max}, huge_bytes).value_or(0);
    to.close = close_at(from);
    if (const auto status = number(from, "status", 200, 599)) {
      to.instead = Reply{};
      to.instead->status = static_cast<int>(*status);
      to.instead->body = body_text(from);
      read_headers(from, to.instead->fields);
    } else if (from.contains("headers") || from.contains("body") || to.commit) {
      note("\"headers\", \"body\" and \"commit\" go with \"status\"");
    }
  }

  std::chrono::milliseconds milliseconds(const json::object& from, std::string_view name,
                                         std::int64_t at_most) {
    return std::chrono::milliseconds(number(from, name, 0, at_most).value_or(0));
  }

  void read_headers(const json::object& from, Fields& to) {
    const auto* const headers = from.if_contains("headers");
    if (headers == nullptr) return;
    if (!headers->is_object()) return note("\"headers\" must be an object");
    for (const auto& header : headers->get_object()) {
      const std::string name(header.key());
      const auto value = header.value().is_int64() ? std::to_string(header.value().get_int64())
                                                   : text(headers->get_object(), name);
      if (name.find_first_of("\r\n: ") != std::string::npos || name.empty() ||
          value.find_first_of("\r\n") != std::string::npos) {
        return note("a header's name or value holds what no header may hold");
      }
      to.push_back({name, value});
    }
  }

  std::string mistake_;
};

}  // namespace

Result<std::vector<Fault>> parse_faults(std::string_view text) {
  json::error_code error;
  const auto value = json::parse(text, error);
  if (error) return fail(Errc::invalid_argument, "the list of faults is not JSON");
  json::array entries;
  if (value.is_array()) entries = value.get_array();
  if (value.is_object()) {
    const auto* const list = value.get_object().if_contains("faults");
    if (list != nullptr && list->is_array()) {
      entries = list->get_array();
    } else {
      entries.push_back(value);  // one alone
    }
  }
  if (!value.is_array() && !value.is_object()) {
    return fail(Errc::invalid_argument, "the faults must be a JSON list");
  }
  std::vector<Fault> faults;
  for (const auto& entry : entries) {
    FaultReader reader;
    faults.push_back(reader.read(entry));
    if (!reader.mistake().empty()) {
      return fail(Errc::invalid_argument,
                  "fault " + std::to_string(faults.size()) + ": " + reader.mistake());
    }
  }
  return faults;
}

Result<void> Faults::add(std::vector<Fault> faults) {
  if (faults.empty()) {
    faults_.clear();  // an empty list is: nothing goes wrong any more
    return {};
  }
  if (faults_.size() + faults.size() > faults_max) {
    return fail(Errc::invalid_argument, "too many faults wait already");
  }
  std::move(faults.begin(), faults.end(), std::back_inserter(faults_));
  return {};
}

Delivery Faults::next_for(const Request& request, std::string_view grant) {
  const auto at = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    const auto& match = fault.match;
    return request.path.starts_with(match.path) &&
           (match.method.empty() || match.method == request.method) &&
           (match.grant.empty() || match.grant == grant);
  });
  if (at == faults_.end()) return {};
  auto delivery = at->delivery;
  if (--at->times == 0) faults_.erase(at);
  return delivery;
}

}  // namespace valetkey::emulator
