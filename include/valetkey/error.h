// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can go wrong, what to do about it, and the result type that carries either.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <version>
#if defined(__cpp_lib_expected)
#include <expected>
#else
#include <boost/system/result.hpp>
#endif

namespace valetkey {

/// Every kind of failure. The RFCs' own codes are spelt as on the wire.
enum class Errc : std::uint8_t {
  // RFC 6749 §5.2, said by the authorization server.
  invalid_request,
  invalid_client,
  invalid_grant,
  unauthorized_client,
  unsupported_grant_type,
  invalid_scope,
  // RFC 8693 §2.2.2, said by the authorization server.
  invalid_target,
  // RFC 6749 §4.1.2.1, said by the authorization server.
  access_denied,

  // Ours.
  invalid_argument,         ///< the caller's request is malformed; nothing was sent
  misconfigured,            ///< the configuration cannot be used; nothing was sent
  secret_unavailable,       ///< a secret source could not be read
  developer_token_ended,    ///< a developer token was refused; only a person can get the next one
  denied_by_policy,         ///< our own rules forbid it; nothing was sent
  malformed_response,       ///< the server answered something that is no answer
  redirected,               ///< a token endpoint redirected; RFC 6749 knows no such answer
  wider_than_asked,         ///< a token came back with more rights than asked for, and was revoked
  unreachable,              ///< no usable answer: connection, TLS, or 5xx
  timed_out,                ///< the caller's deadline passed
  throttled,                ///< 429
  cancelled,                ///< the client is shutting down, or the token was revoked in flight
  exhausted,                ///< this machine ran out of something: disk, descriptors, memory
  tampered_store,           ///< stored bytes fail their authentication
};

/// What the caller can usefully do next. Each Errc has exactly one; callers branch on this.
enum class Remedy : std::uint8_t { retry, sign_in_again, fix_request, give_up };

[[nodiscard]] Remedy remedy_for(Errc code) noexcept;

/// `Errc::invalid_grant` is "invalid_grant": the RFC's spelling, or ours in the same manner.
[[nodiscard]] std::string_view name_of(Errc code) noexcept;
[[nodiscard]] std::string_view name_of(Remedy remedy) noexcept;
/// Of `name_of`'s texts; nothing for any other.
[[nodiscard]] std::optional<Errc> find_errc(std::string_view name) noexcept;

/// One mistake in a configuration, with the place and the remedy.
struct Mistake {
  std::string file{};
  unsigned line = 0;       ///< 0: of the file as a whole
  std::string what{};
  std::string remedy{};

  bool operator==(const Mistake&) const = default;
};

/// A failure: what failed, whose words are whose, and what to do next. Holds no secret, no header
/// value and no response body.
struct Error {
  Errc code;
  std::string context;        ///< our words: what failed; safe to log
  std::string hint{};         ///< our words: what to do next; may be empty
  std::string server_text{};  ///< the server's words: untrusted, cut short, printable ASCII only
  std::optional<std::chrono::seconds> retry_after{};  ///< RFC 9110 §10.2.3
  std::vector<Mistake> mistakes{};  ///< every one, where a configuration is at fault
};

/// One line for people: context, then the server's words in quotes where there are any.
[[nodiscard]] std::string describe(const Error& error);

// libstdc++ 12 hides <expected> from clang 14; there, and only there, Boost's twin stands in.
#if defined(__cpp_lib_expected)
template <class T>
using ResultBase = std::expected<T, Error>;
using Failure = std::unexpected<Error>;
#else
template <class T>
using ResultBase = boost::system::result<T, Error>;
using Failure = Error;
#endif

/// A value or an Error. A class, not an alias, so that a dropped result is a compiler warning.
template <class T>
class [[nodiscard]] Result : public ResultBase<T> {
 public:
  using ResultBase<T>::ResultBase;
};

[[nodiscard]] inline Failure fail(Errc code, std::string context, std::string hint = {}) {
  return Failure{Error{.code = code, .context = std::move(context), .hint = std::move(hint)}};
}

[[nodiscard]] inline Failure fail(Error error) { return Failure{std::move(error)}; }

/// Hands a failed result's error to a caller that returns a different value type.
template <class T>
[[nodiscard]] Failure failure_of(Result<T>&& failed) {
  return Failure{std::move(failed).error()};
}

}  // namespace valetkey
