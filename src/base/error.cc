// SPDX-License-Identifier: Apache-2.0
#include "valetkey/error.h"

namespace valetkey {

Remedy remedy_for(Errc code) noexcept {
  switch (code) {
    case Errc::unreachable:
    case Errc::timed_out:
    case Errc::throttled:
    case Errc::cancelled:
    case Errc::exhausted:
    case Errc::malformed_response:
      return Remedy::retry;
    case Errc::invalid_grant:
    case Errc::developer_token_ended:
      return Remedy::sign_in_again;
    case Errc::invalid_request:
    case Errc::invalid_client:
    case Errc::unauthorized_client:
    case Errc::unsupported_grant_type:
    case Errc::invalid_scope:
    case Errc::invalid_target:
    case Errc::invalid_argument:
    case Errc::misconfigured:
    case Errc::secret_unavailable:
    case Errc::redirected:
      return Remedy::fix_request;
    case Errc::access_denied:
    case Errc::denied_by_policy:
    case Errc::wider_than_asked:
    case Errc::tampered_store:
      return Remedy::give_up;
  }
  return Remedy::give_up;
}

std::string_view name_of(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_request:
      return "invalid_request";
    case Errc::invalid_client:
      return "invalid_client";
    case Errc::invalid_grant:
      return "invalid_grant";
    case Errc::unauthorized_client:
      return "unauthorized_client";
    case Errc::unsupported_grant_type:
      return "unsupported_grant_type";
    case Errc::invalid_scope:
      return "invalid_scope";
    case Errc::invalid_target:
      return "invalid_target";
    case Errc::access_denied:
      return "access_denied";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::misconfigured:
      return "misconfigured";
    case Errc::secret_unavailable:
      return "secret_unavailable";
    case Errc::developer_token_ended:
      return "developer_token_ended";
    case Errc::denied_by_policy:
      return "denied_by_policy";
    case Errc::malformed_response:
      return "malformed_response";
    case Errc::redirected:
      return "redirected";
    case Errc::wider_than_asked:
      return "wider_than_asked";
    case Errc::unreachable:
      return "unreachable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::throttled:
      return "throttled";
    case Errc::cancelled:
      return "cancelled";
    case Errc::exhausted:
      return "exhausted";
    case Errc::tampered_store:
      return "tampered_store";
  }
  return "unknown";
}

std::optional<Errc> find_errc(std::string_view name) noexcept {
  constexpr auto last = std::to_underlying(Errc::tampered_store);
  for (std::uint8_t number = 0; number <= last; ++number) {
    if (name_of(static_cast<Errc>(number)) == name) return static_cast<Errc>(number);
  }
  return std::nullopt;
}

std::string_view name_of(Remedy remedy) noexcept {
  switch (remedy) {
    case Remedy::retry:
      return "retry";
    case Remedy::sign_in_again:
      return "sign_in_again";
    case Remedy::fix_request:
      return "fix_request";
    case Remedy::give_up:
      return "give_up";
  }
  return "give_up";
}

std::string describe(const Error& error) {
  std::string line = error.context;
  if (!error.server_text.empty()) {
    line += " (the server says: \"";
    line += error.server_text;
    line += "\")";
  }
  return line;
}

}  // namespace valetkey
