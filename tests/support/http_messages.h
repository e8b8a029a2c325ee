// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP messages for tests: answers made by hand, requests taken apart.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "valetkey/http.h"
#include "valetkey/token.h"

namespace valetkey::support {

inline constexpr Instant sent_at{std::chrono::hours(1000)};
/// 2027-01-15T08:00:00Z, a Friday.
inline constexpr WallTime answered_at{std::chrono::seconds(1'800'000'000)};

inline HttpResponse answer(int status, std::string_view body,
                           std::vector<HttpHeader> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = Secret(body);
  response.requested_at = sent_at;
  response.answered_at_wall = answered_at;
  return response;
}

inline std::string text_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return std::string(text); });
}

inline AccessToken token_of(std::string_view value) {
  TokenFields fields;
  fields.value = Secret(value);
  fields.fingerprint = Fingerprint("0123456789ab");
  fields.token_type = "bearer";
  return AccessToken(std::move(fields));
}

using FormFields = std::vector<std::pair<std::string, std::string>>;

/// RFC 6749 Appendix B backwards; strict, and shares nothing with the writer.
inline std::string form_decoded(std::string_view text) {
  const auto digit = [](char letter) {
    return static_cast<int>(std::string_view("0123456789ABCDEF").find(letter));
  };
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      decoded += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
      at += 2;
    } else {
      decoded += text[at] == '+' ? ' ' : text[at];
    }
  }
  return decoded;
}

inline FormFields form_fields(std::string_view body) {
  FormFields fields;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto field = body.substr(0, end);
    const auto equals = std::min(field.find('='), field.size());
    fields.emplace_back(form_decoded(field.substr(0, equals)),
                        form_decoded(field.substr(std::min(equals + 1, field.size()))));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return fields;
}

inline FormFields form_fields(const HttpRequest& request) {
  return form_fields(text_of(request.body));
}

}  // namespace valetkey::support
