// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

namespace valetkey::cli {

ExitCode exit_code_for(const Error& error) noexcept {
  switch (error.code) {
    case Errc::invalid_argument:
    case Errc::misconfigured:
    case Errc::secret_unavailable:
      return exit_usage;
    case Errc::invalid_request:
    case Errc::invalid_client:
    case Errc::unauthorized_client:
    case Errc::unsupported_grant_type:
    case Errc::invalid_scope:
    case Errc::invalid_target:
    case Errc::access_denied:
    case Errc::denied_by_policy:
    case Errc::wider_than_asked:
      return exit_denied;
    case Errc::invalid_grant:
    case Errc::developer_token_ended:
      return exit_sign_in;
    case Errc::redirected:
    case Errc::unreachable:
    case Errc::timed_out:
    case Errc::throttled:
      return exit_unreachable;
    case Errc::malformed_response:
    case Errc::cancelled:
    case Errc::exhausted:
    case Errc::tampered_store:
      return exit_failed;
  }
  return exit_failed;
}

ExitCode exit_code_for_status(int http_status) noexcept {
  if (http_status >= 200 && http_status < 300) return exit_done;
  if (http_status == 401 || http_status == 403) return exit_denied;
  if (http_status == 429 || http_status >= 500) return exit_unreachable;
  return exit_failed;
}

}  // namespace valetkey::cli
