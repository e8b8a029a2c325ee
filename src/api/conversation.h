// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asking an authorization server until it answers well: retries, the clock, two secrets.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/attempts.h"
#include "api/credentials.h"
#include "api/endpoints.h"
#include "base/guarded.h"
#include "oauth/assertion.h"
#include "oauth/client_auth.h"
#include "oauth/token_response.h"
#include "valetkey/http.h"

namespace valetkey::api {

/// What one attempt works with; everything in it is new for each attempt (rule U3).
struct Attempt {
  const oauth::Profile& profile;
  const Credentials::Held& held;
  const oauth::ClientProof& proof;
  WallTime now;  ///< corrected by what the server said of our clock
};

/// One question: how it is put, and how its answer is judged.
struct Question {
  std::function<Result<HttpRequest>(const Attempt&)> build;
  /// Nothing: the answer is good, and kept by whoever asked.
  std::function<std::optional<Error>(const HttpResponse&, const oauth::Profile&)> judge;
  bool has_assertion = false;  ///< it carries times of ours that the server may call wrong
  bool asks_token = false;     ///< counted among the token requests
  bool replayable = true;      ///< asking twice does no harm although the first may have counted
};

/// Threads: any.
class Conversation {
 public:
  Conversation(Endpoints& endpoints, Credentials& credentials, std::string key_algorithm,
               std::string key_id, SessionParts parts);

  /// Errors: the last attempt's. Blocks: network, at most until the deadline.
  [[nodiscard]] Result<void> ask(const Question& question, const Note& note, Deadline deadline);

  /// Whether all that is held to prove ourselves with was refused just now, whoever it was for.
  [[nodiscard]] bool all_refused() const;

  /// Credentials that were refused may be sent again.
  void forget_refusals();

  /// How far the server's clock was ahead of ours at its last answer; unknown before the first.
  [[nodiscard]] std::optional<std::chrono::seconds> clock_difference() const;

 private:
  class Asking;
  struct Refusal {
    Error error;
    Instant until;
  };

  Endpoints& endpoints_;
  Credentials& credentials_;
  const std::string key_algorithm_;
  const std::string key_id_;
  const SessionParts parts_;
  std::atomic<std::int64_t> offset_s_{0};  ///< added to our clock in assertions (rule U3)
  std::atomic<std::int64_t> seen_offset_s_{INT64_MIN};
  std::atomic<std::size_t> good_secret_{0};  ///< which of two secrets worked last (rule S6)
  /// By the digest of what was proved with: a wrong secret is wrong for every subject (rule C9).
  base::Guarded<std::map<std::string, Refusal>> refusals_;
};

/// A question whose good answer is a token; `question.judge` is ours to set.
/// `parent` is null unless the request is an exchange. Errors, Blocks: as Conversation::ask.
[[nodiscard]] Result<oauth::TokenAnswer> ask_for_token(Conversation& conversation,
                                                       Question question,
                                                       const TokenRequest& request,
                                                       const AccessToken* parent, const Note& note,
                                                       Deadline deadline);

/// The start of an assertion: who signs, with which key, when. RFC 7523 §3.
[[nodiscard]] oauth::AssertionPlan plan_assertion(const oauth::Profile& profile,
                                                  const std::string& key_id,
                                                  std::string_view algorithm, WallTime now);

}  // namespace valetkey::api
