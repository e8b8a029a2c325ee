// SPDX-License-Identifier: Apache-2.0
#include "oauth/challenge.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "oauth/secret_json.h"

namespace valetkey::oauth {
namespace {

constexpr std::size_t challenges_max = 32;

constexpr bool is_token_char(char letter) noexcept {
  const char lower = base::to_lower(letter);
  return (lower >= 'a' && lower <= 'z') || base::is_digit(letter) ||
         std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
}

constexpr bool is_blank(char letter) noexcept {
  return letter == ' ' || letter == '\t';
}

/// Reads from the front of a header's value.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  void skip_blanks() { skip(is_blank); }
  /// RFC 9110 §5.6.1.2: a list may have empty elements.
  void skip_separators() {
    skip([](char letter) { return is_blank(letter) || letter == ','; });
  }
  std::string_view token() { return take(is_token_char); }
  bool eat(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// RFC 9110 §11.2: token BWS "=" BWS ( token / quoted-string ). Leaves all as it was when what
  /// follows is no parameter, which is how the next challenge is told from one.
  bool parameter(std::string& name, std::string& value) {
    const Reader before = *this;
    name = token();
    skip_blanks();
    if (name.empty() || !eat('=')) return restore(before);
    skip_blanks();
    if (rest_.starts_with('"')) return quoted(value) || restore(before);
    value = token();
    return !value.empty() || restore(before);
  }

  /// RFC 9110 §11.2: token68, as Negotiate has it.
  void skip_token68() {
    take([](char letter) { return is_token_char(letter) || letter == '/'; });
    take([](char letter) { return letter == '='; });
  }

 private:
  bool restore(const Reader& before) {
    *this = before;
    return false;
  }

  template <class Is>
  std::string_view take(Is&& is) {
    const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), is);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  template <class Is>
  void skip(Is&& is) {
    static_cast<void>(take(is));
  }

  /// RFC 9110 §5.6.4.
  bool quoted(std::string& value) {
    value.clear();
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') {
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
      value += rest_[at];
    }
    return false;
  }

  std::string_view rest_;
};

void set_parameter(Challenge& challenge, std::string_view name, const std::string& value) {
  std::string* const members[] = {&challenge.realm, &challenge.error, &challenge.error_description,
                                  &challenge.scope};
  constexpr std::string_view names[] = {"realm", "error", "error_description", "scope"};
  for (std::size_t at = 0; at < std::size(names); ++at) {
    // RFC 6750 §3: no attribute appears more than once; a second one does not count.
    if (base::equal_ignoring_case(name, names[at]) && members[at]->empty()) {
      *members[at] = value;
    }
  }
}

std::vector<Challenge> challenges_of(const HttpResponse& response) {
  std::vector<Challenge> all;
  for (const auto& header : response.headers) {
    if (!base::equal_ignoring_case(header.name, "WWW-Authenticate")) continue;
    for (auto& challenge : parse_challenges(header.value))
      all.push_back(std::move(challenge));
  }
  return all;
}

bool is_bearer(const Challenge& challenge) {
  return base::equal_ignoring_case(challenge.scheme, "Bearer");
}

/// Box's newer services say it in the body alone.
bool body_says(const Secret& body, std::string_view code) {
  const JsonSource source{.what = "error", .bytes_max = base::token_response_bytes_max};
  const auto object = parse_secret_json(body, source);
  const auto* const said = object ? find_member(*object, "code") : nullptr;
  return said != nullptr && text_in(*said) == code;
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header_value) {
  std::vector<Challenge> challenges;
  Reader reader(header_value.substr(0, base::header_bytes_max));
  while (challenges.size() < challenges_max) {
    reader.skip_separators();
    Challenge challenge;
    challenge.scheme = reader.token();
    if (challenge.scheme.empty()) break;
    reader.skip_blanks();
    std::string name;
    std::string value;
    bool has_parameters = false;
    while (reader.parameter(name, value)) {
      has_parameters = true;
      set_parameter(challenge, name, value);
      reader.skip_separators();
    }
    if (!has_parameters) reader.skip_token68();
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

bool says_token_invalid(const HttpResponse& response) {
  if (response.status != 401) return false;
  bool wordless = false;
  for (const auto& challenge : challenges_of(response)) {
    if (!is_bearer(challenge)) continue;
    if (challenge.error == "invalid_token") return true;  // RFC 6750 §3.1
    wordless = wordless || challenge.error.empty();
  }
  if (!wordless) return false;
  // Box's older gateway says nothing more; a body with words is another refusal (a blocked app).
  return response.body.reveal([](std::string_view body) {
    const auto text = base::trimmed(body);
    return text.empty() || text == "{}";
  });
}

bool says_insufficient_scope(const HttpResponse& response) {
  if (response.status != 403) return false;
  for (const auto& challenge : challenges_of(response)) {
    if (is_bearer(challenge) && challenge.error == "insufficient_scope") return true;
  }
  return body_says(response.body, "insufficient_scope");
}

}  // namespace valetkey::oauth
