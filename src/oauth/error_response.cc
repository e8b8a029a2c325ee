// SPDX-License-Identifier: Apache-2.0
#include "oauth/error_response.h"

#include <algorithm>

#include "base/http_date.h"
#include "base/limits.h"
#include "base/text.h"
#include "oauth/box_errors.h"
#include "oauth/challenge.h"
#include "oauth/secret_json.h"

namespace valetkey::oauth {
namespace {

/// What the body says: RFC 6749 §5.2, or Box's own envelope.
struct Said {
  std::string code{};
  std::string description{};
};

std::optional<Said> find_said(const HttpResponse& response, const Profile& profile) {
  const JsonSource source{.what = "error", .bytes_max = base::token_response_bytes_max};
  const auto body = parse_secret_json(response.body, source);
  if (!body) return std::nullopt;
  const auto text = [&](std::string_view name) {
    const auto* const member = find_member(*body, name);
    return std::string(member == nullptr ? std::string_view() : text_in(*member));
  };
  Said said{text("error"), text("error_description")};
  if (said.code.empty() && profile.type == ProviderType::box) {
    said = {text("code"), text("message")};
  }
  if (said.code.empty()) return std::nullopt;
  return said;
}

struct CodeRow {
  std::string_view wire_code;
  Errc code;
};

constexpr CodeRow code_rows[] = {
    // RFC 6749 §5.2.
    {"invalid_request", Errc::invalid_request},
    {"invalid_client", Errc::invalid_client},
    {"invalid_grant", Errc::invalid_grant},
    {"unauthorized_client", Errc::unauthorized_client},
    {"unsupported_grant_type", Errc::unsupported_grant_type},
    {"invalid_scope", Errc::invalid_scope},
    {"invalid_target", Errc::invalid_target},           // RFC 8693 §2.2.2, RFC 8707 §2
    {"unsupported_token_type", Errc::invalid_request},  // RFC 7009 §2.2.1
    {"access_denied", Errc::access_denied},             // RFC 6749 §4.1.2.1
    {"temporarily_unavailable", Errc::unreachable},     // the same
    {"server_error", Errc::unreachable},                // the same
    {"slow_down", Errc::throttled},                     // RFC 8628 §3.5
    {"insufficient_scope", Errc::invalid_scope},        // RFC 6750 §3.1
    {"interaction_required", Errc::invalid_grant},      // OpenID Connect Core §3.1.2.6
    {"login_required", Errc::invalid_grant},            // the same
    {"consent_required", Errc::invalid_grant},          // the same
};

Errc code_of(const Said& said, int status, Operation operation) {
  for (const auto& row : code_rows) {
    if (row.wire_code == said.code) return row.code;
  }
  if (said.code == "invalid_token") {
    return operation == Operation::introspection || operation == Operation::revocation
               ? Errc::invalid_client
               : Errc::invalid_grant;
  }
  // RFC 6749 §8.5: extensions have codes of their own; the status tells the kind.
  if (status == 401) return Errc::invalid_client;
  return status == 403 ? Errc::access_denied : Errc::invalid_request;
}

std::string_view grant_hint(Operation operation) {
  switch (operation) {
    case Operation::jwt:
      return "check the subject, the key, this machine's clock, and that the client is authorized";
    case Operation::refresh_token:
      return "the refresh token is spent, expired or revoked; sign in again for a new one";
    case Operation::exchange:
      return "the token to be narrowed is no longer good; ask again for a new one";
    case Operation::client_credentials:
    case Operation::revocation:
    case Operation::introspection:
    case Operation::metadata:
      break;
  }
  return "check the client's credentials, the subject, and that the client is authorized";
}

std::string_view hint_for(Errc code, Operation operation) {
  switch (code) {
    case Errc::invalid_client:
      return "check client_id and the source of client_secret or the key";
    case Errc::invalid_grant:
      return grant_hint(operation);
    case Errc::unauthorized_client:
      return "have the client authorized for this grant, or configure the grant that it has";
    case Errc::unsupported_grant_type:
      return "the server lacks this grant; configure another";
    case Errc::invalid_scope:
      return operation == Operation::exchange
                 ? "ask only for scopes that the client itself has been given"
                 : "ask for scopes that the server knows and the client has been given";
    case Errc::invalid_target:
      return "check that the resource exists and the subject can reach it";
    case Errc::access_denied:
      return "ask the provider's administrator why access is denied";
    case Errc::throttled:
      return "wait, then try again; ask for tokens less often";
    case Errc::unreachable:
      return "try again in a moment; the provider is having trouble";
    case Errc::redirected:
      return "configure the endpoint's own address; credentials do not follow a redirect";
    case Errc::malformed_response:
      if (operation == Operation::metadata) {
        return "check issuer in the provider's configuration: it has to be spelt exactly as the "
               "server publishes it";
      }
      return "check the provider's address: something else than an OAuth 2.0 server may answer "
             "there";
    default:
      return "check the provider's type, grant and endpoints in the configuration";
  }
}

std::string place_of(const Profile& profile, Operation operation) {
  return (profile.name.empty() ? std::string() : profile.name + ": ") + "the " +
         std::string(endpoint_name(operation));
}

Error make_error(Errc code, const HttpResponse& response, const Profile& profile,
                 Operation operation, std::string_view verb) {
  Error error{.code = code,
              .context = place_of(profile, operation) + " " + std::string(verb) + " (HTTP " +
                         std::to_string(response.status) + ")",
              .hint = std::string(hint_for(code, operation))};
  if (const auto after = find_header(response.headers, "Retry-After")) {
    error.retry_after = base::parse_retry_after(*after, response.answered_at_wall);
  }
  return error;
}

Error error_said(const Said& said, const HttpResponse& response, const Profile& profile,
                 Operation operation) {
  const Errc code = code_of(said, response.status, operation);
  Error error =
      make_error(code, response, profile, operation, "answered " + base::printable(said.code, 64));
  error.server_text = base::printable(said.description);
  if (profile.type != ProviderType::box) return error;
  const auto reading = find_box_reading(said.code, said.description);
  if (!reading) return error;
  error.code = reading->code;
  error.context += ": " + std::string(reading->context);
  error.hint = reading->hint;
  return error;
}

/// A 4xx without a body that RFC 6749 §5.2 asks for.
Error wordless_error(const HttpResponse& response, const Profile& profile, Operation operation) {
  const auto make = [&](Errc code, std::string_view verb) {
    return make_error(code, response, profile, operation, verb);
  };
  if (response.status == 408 || response.status == 425) {
    return make(Errc::unreachable, "did not take the request in time");
  }
  if (response.status == 401 && operation == Operation::exchange) {
    if (says_token_invalid(response)) {
      return make(Errc::invalid_grant, "refuses the token to be narrowed");
    }
    // Box answers so when the token lacks a scope that is asked of it.
    if (profile.type == ProviderType::box) return make(Errc::invalid_scope, "refuses the scopes");
  }
  // RFC 6749 §5.2: 401 is for clients that failed to authenticate.
  if (response.status == 401) return make(Errc::invalid_client, "refuses the client");
  return make(Errc::malformed_response, "answered no OAuth 2.0 error");
}

bool names_wrong_time(std::string_view text) {
  constexpr std::string_view marks[] = {"'exp' claim", "'iat' claim", "'nbf' claim"};
  return std::any_of(std::begin(marks), std::end(marks), [&](std::string_view mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

}  // namespace

Operation operation_of(Grant grant) noexcept {
  switch (grant) {
    case Grant::jwt:
      return Operation::jwt;
    case Grant::refresh_token:
      return Operation::refresh_token;
    case Grant::client_credentials:
    case Grant::developer_token:
      break;
  }
  return Operation::client_credentials;
}

std::string_view endpoint_name(Operation operation) noexcept {
  switch (operation) {
    case Operation::revocation:
      return "revocation endpoint";
    case Operation::introspection:
      return "introspection endpoint";
    case Operation::metadata:
      return "metadata address";
    case Operation::jwt:
    case Operation::client_credentials:
    case Operation::refresh_token:
    case Operation::exchange:
      break;
  }
  return "token endpoint";
}

Error parse_error_response(const HttpResponse& response, const Profile& profile,
                           Operation operation) {
  const int status = response.status;
  const auto make = [&](Errc code, std::string_view verb) {
    return make_error(code, response, profile, operation, verb);
  };
  if (status >= 300 && status < 400) return make(Errc::redirected, "answered with a redirect");
  if (status == 429) return make(Errc::throttled, "asks to slow down");
  if (status >= 500 && status < 600) return make(Errc::unreachable, "failed");
  if (status < 400 || status >= 600) {
    return make(Errc::malformed_response, "answered with a status that means nothing here");
  }
  const auto said = find_said(response, profile);
  return said ? error_said(*said, response, profile, operation)
              : wordless_error(response, profile, operation);
}

bool refuses_client(const HttpResponse& response, const Profile& profile) {
  const auto said = find_said(response, profile);
  return said && said->code == "invalid_client";
}

std::optional<std::chrono::seconds> clock_offset(const HttpResponse& response, const Error& error,
                                                 std::chrono::seconds corrected) {
  if (error.code != Errc::invalid_grant && error.code != Errc::invalid_client) return std::nullopt;
  constexpr std::chrono::seconds telling_difference{10};
  const bool spent_jti = error.server_text.find("'jti' claim") != std::string::npos;
  const auto header = find_header(response.headers, "Date");
  const auto date = header ? base::parse_http_date(*header) : std::nullopt;
  if (!date) return spent_jti ? std::optional(corrected) : std::nullopt;

  const auto ahead = std::chrono::floor<std::chrono::seconds>(*date) -
                     std::chrono::floor<std::chrono::seconds>(response.answered_at_wall);
  const auto offset = std::chrono::duration_cast<std::chrono::seconds>(ahead);
  if (std::chrono::abs(offset - corrected) >= telling_difference) return offset;
  if (spent_jti) return corrected;
  if (error.server_text.find("Should be an integer") != std::string::npos) return std::nullopt;
  return names_wrong_time(error.server_text) ? std::optional(offset) : std::nullopt;
}

}  // namespace valetkey::oauth
