// SPDX-License-Identifier: Apache-2.0
#include "emulator/authorize.h"

#include <algorithm>

#include "base/text.h"
#include "emulator/grants.h"
#include "emulator/replies.h"
#include "emulator/scopes.h"
#include "emulator/wire.h"

namespace valetkey::emulator {
namespace {

struct LoopbackUri {
  std::string_view host;
  std::string_view rest;  ///< behind the port
};

std::optional<LoopbackUri> parse_loopback(std::string_view uri) {
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!uri.starts_with(host)) continue;
    auto rest = uri.substr(host.size());
    if (rest.starts_with(':')) {
      rest.remove_prefix(1);
      const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
      if (digits == 0 || digits > 5) return std::nullopt;
      rest.remove_prefix(digits);
    }
    if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return std::nullopt;
    return LoopbackUri{host, rest};
  }
  return std::nullopt;
}

Reply page(int status, const std::string& title, const std::string& content) {
  Reply reply;
  reply.status = status;
  // SECURITY: no script, no frame, nothing from elsewhere; the address holds a code's request.
  reply.fields = {{"Content-Type", "text/html; charset=utf-8"},
                  {"Cache-Control", "no-store"},
                  {"Content-Security-Policy",
                   "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
                  {"X-Frame-Options", "DENY"},
                  {"Referrer-Policy", "no-referrer"}};
  reply.body = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
               "</title><style>body{font:16px/1.5 sans-serif;max-width:34em;margin:3em auto;"
               "padding:0 1em;color:#222}button{font:inherit;padding:.4em 1.2em}"
               "select{font:inherit}code{background:#eee}</style></head><body><h1>" +
               title + "</h1>" + content + "</body></html>\n";
  return reply;
}

Reply error_page(const std::string& code, const std::string& text) {
  return page(400, "This request cannot be granted",
              "<p>" + text + "</p><p><code>" + code + "</code></p>");
}

Reply redirect(const std::string& uri, const Form& answer) {
  std::string location = uri;
  char separator = uri.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : answer.pairs()) {
    location += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  auto reply = empty_reply(302);
  reply.fields.push_back({"Location", location});
  return reply;
}

std::string hidden(std::string_view name, const std::string& value) {
  return "<input type=\"hidden\" name=\"" + std::string(name) + "\" value=\"" + escape_html(value) +
         "\">";
}

Reply consent_page(const State& state, const Form& query) {
  std::string form = "<p>The app <code>" + escape_html(state.seed.client_id) +
                     "</code> asks to act for you in " + escape_html(state.seed.enterprise_name) +
                     ".</p><form method=\"post\" action=\"/api/oauth2/authorize\">";
  for (const std::string_view name : {"response_type", "client_id", "redirect_uri", "state",
                                      "scope", "code_challenge", "code_challenge_method"}) {
    if (const auto value = query.find(name)) form += hidden(name, *value);
  }
  const auto login = query.find("box_login").value_or("");
  form += "<p><label>Sign in as <select name=\"user_id\">";
  for (const auto& user : state.seed.users) {
    if (user.kind == UserKind::service_account) continue;
    form += "<option value=\"" + escape_html(user.id) + "\"" +
            (user.login == login ? " selected" : "") + ">" + escape_html(user.name) + " (" +
            escape_html(user.login) + ")</option>";
  }
  form +=
      "</select></label></p><p><button name=\"decision\" value=\"deny\">Deny</button> "
      "<button name=\"decision\" value=\"grant\">Grant access</button></p></form>";
  return page(200, "Grant access?", form);
}

/// The person named by the form; the admin when it names none.
const User* find_person(const State& state, const Form& form) {
  if (const auto id = form.find("user_id")) return state.world.find_user(*id);
  if (const auto login = form.find("login")) return state.world.find_user_by_login(*login);
  return state.world.find_user(state.seed.users.at(1).id);
}

Reply decide(State& state, const Form& form, const std::string& redirect_uri) {
  Form answer;
  const auto state_value = form.find("state");
  if (form.find("decision") == "deny") {
    // RFC 6749 §4.1.2.1.
    answer.add("error", "access_denied");
    answer.add("error_description", "The user denied access to your application");
    if (state_value) answer.add("state", *state_value);
    return redirect(redirect_uri, answer);
  }
  const auto* const person = find_person(state, form);
  if (person == nullptr || person->kind == UserKind::service_account) {
    return error_page("invalid_user", "Nobody of that name can sign in here.");
  }
  const auto code = make_code(state, {.user_id = person->id,
                                      .redirect_uri = redirect_uri,
                                      .scope = form.find("scope").value_or(""),
                                      .code_challenge = form.find("code_challenge").value_or("")});
  if (!code) return error_page("invalid_scope", escape_html(code.error().context));
  answer.add("code", code->reveal([](std::string_view text) { return std::string(text); }));
  if (state_value) answer.add("state", *state_value);
  return redirect(redirect_uri, answer);
}

}  // namespace

bool is_authorize_path(std::string_view path) {
  return path == "/oauth2/authorize" || path == "/api/oauth2/authorize";
}

bool is_registered_redirect(const State& state, std::string_view uri) {
  const auto& known = state.seed.redirect_uris;
  return std::any_of(known.begin(), known.end(), [&](const std::string& registered) {
    if (registered == uri) return true;
    const auto left = parse_loopback(registered);
    const auto right = parse_loopback(uri);
    return left && right && left->host == right->host && left->rest == right->rest;
  });
}

Result<Secret> make_code(State& state, const SignIn& sign_in) {
  const auto& user_id = sign_in.user_id.empty() ? state.seed.users.at(1).id : sign_in.user_id;
  const auto* const user = state.world.find_user(user_id);
  if (user == nullptr) return fail(Errc::invalid_argument, "no user has that id");
  const auto& uri =
      sign_in.redirect_uri.empty() ? state.seed.redirect_uris.front() : sign_in.redirect_uri;
  if (!is_registered_redirect(state, uri)) {
    return fail(Errc::invalid_argument, "the redirect address is not the app's");
  }
  auto holding = full_holding(state, false, user_id);
  if (!sign_in.scope.empty()) {
    holding.scopes = parse_scopes(sign_in.scope);
    for (const auto& scope : holding.scopes) {
      if (!may_narrow_to(app_scopes(), scope)) {
        return fail(Errc::invalid_argument, "a scope is asked for that the app does not have");
      }
    }
  }
  const auto now = state.clock.now();
  state.tokens.forget_old_codes(now);
  return state.tokens.issue_code({.holding = std::move(holding),
                                  .redirect_uri = uri,
                                  .code_challenge = sign_in.code_challenge,
                                  .expires_at = now + code_life});
}

Reply answer_authorize(State& state, const Request& request) {
  const bool is_post = request.method == "POST";
  if (!is_post && request.method != "GET") return method_not_allowed();
  const auto form = decode_form(is_post ? request.body : request.query);
  if (!form || form->repeated()) return error_page("invalid_request", "A parameter is repeated.");
  if (form->find("client_id") != state.seed.client_id) {
    return error_page("invalid_client_id", "No app has this client id.");
  }
  // RFC 6749 §3.1.2.4: never redirect to an address that is not the app's.
  auto uri = form->find("redirect_uri");
  if (!uri && state.seed.redirect_uris.size() > 1) {
    return error_page("redirect_uri_missing", "The app has several redirect addresses; name one.");
  }
  if (!uri) uri = state.seed.redirect_uris.front();
  if (!is_registered_redirect(state, *uri)) {
    return error_page("redirect_uri_mismatch", "The redirect address is not one of the app's.");
  }
  if (form->find("response_type") != "code") {
    return error_page("unsupported_response_type", "The response type must be \"code\".");
  }
  const auto method = form->find("code_challenge_method").value_or("S256");
  if (method != "S256") return error_page("invalid_request", "PKCE is understood as S256 only.");
  return is_post ? decide(state, *form, *uri) : consent_page(state, *form);
}

}  // namespace valetkey::emulator
