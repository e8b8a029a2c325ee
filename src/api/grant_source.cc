// SPDX-License-Identifier: Apache-2.0
#include "api/grant_source.h"

#include <utility>

#include "base/log.h"
#include "crypto/digest.h"
#include "oauth/token_request.h"
#include "secrets/file_lock.h"
#include "secrets/private_file.h"

namespace valetkey::api {
namespace {

Result<Secret> sign_assertion(const Attempt& attempt, const TokenRequest& request,
                              std::string_view algorithm, const std::string& key_id) {
  if (!attempt.held.key) return fail(Errc::misconfigured, "grant jwt needs a private key");
  auto plan = plan_assertion(attempt.profile, key_id.empty() ? attempt.held.app.key_id : key_id,
                             algorithm, attempt.now);
  plan.subject = request.subject.id;
  if (attempt.profile.type == oauth::ProviderType::box) {
    plan.box_sub_type = request.subject.type == SubjectType::user ? "user" : "enterprise";
  }
  plan.audience = attempt.profile.assertion_audience.empty() ? attempt.profile.token_endpoint
                                                             : attempt.profile.assertion_audience;
  return oauth::make_assertion(*attempt.held.key, plan);
}

}  // namespace

Result<oauth::TokenAnswer> ServerGrant::fetch(const TokenRequest& request, const Note& note,
                                              Deadline deadline) {
  Question question;
  question.has_assertion = grant_ == oauth::Grant::jwt;
  question.build = [&](const Attempt& attempt) -> Result<HttpRequest> {
    if (grant_ == oauth::Grant::client_credentials) {
      return oauth::client_credentials_request(attempt.profile, request, attempt.proof);
    }
    auto assertion = sign_assertion(attempt, request, algorithm_, key_id_);
    if (!assertion) return failure_of(std::move(assertion));
    return oauth::jwt_bearer_request(attempt.profile, request, *assertion, attempt.proof);
  };
  return ask_for_token(conversation_, std::move(question), request, nullptr, note, deadline);
}

Result<oauth::TokenAnswer> RefreshGrant::fetch(const TokenRequest& request, const Note& note,
                                               Deadline deadline) {
  auto lock = secrets::FileLock::acquire(path_, deadline, *clock_);
  if (!lock) return failure_of(std::move(lock));
  // Read after the lock, not before: whoever held it may have spent what we would have read.
  auto held = secrets::load_private_file(path_);
  if (!held) return failure_of(std::move(held));
  const Secret current = newest(std::move(*held));
  // A rehearsal: a full disk or a directory that cannot be written is found while the token that
  // is there is still good, not when it is spent and the next one has nowhere to go.
  auto rehearsed = secrets::save_private_file(path_, current);
  if (!rehearsed) return failure_of(std::move(rehearsed));
  Question question;
  // Elsewhere than at Box a lost reply may have spent the token, and a replay of a spent one can
  // revoke its whole family (RFC 9700 §4.14.2).
  question.replayable = replayable_;
  question.build = [&](const Attempt& attempt) -> Result<HttpRequest> {
    return oauth::refresh_request(attempt.profile, request, current, attempt.proof);
  };
  auto answer = ask_for_token(conversation_, std::move(question), request, nullptr, note, deadline);
  if (!answer) return answer;
  if (!answer->refresh_token.empty()) {
    // Before the access token is used even once: using it kills the old refresh token.
    auto saved = save(current, std::move(answer->refresh_token));
    if (!saved) return failure_of(std::move(saved));
  }
  return answer;
}

Secret RefreshGrant::newest(Secret held) {
  return unsaved_.with([&](std::optional<Unsaved>& unsaved) {
    // Not when somebody else has written to the file since: theirs is the newest.
    if (!unsaved || unsaved->spent != digest_of(held)) return std::move(held);
    return unsaved->token.clone();
  });
}

Result<void> RefreshGrant::save(const Secret& spent, Secret next) {
  auto saved = secrets::save_private_file(path_, next);
  unsaved_.with([&](std::optional<Unsaved>& unsaved) {
    unsaved.reset();
    // Box still takes the old one, because the new access token is not going to be used.
    if (!saved && !replayable_) unsaved = Unsaved{digest_of(spent), std::move(next)};
  });
  return saved;
}

DeveloperGrant::DeveloperGrant(oauth::Profile profile,
                               std::unique_ptr<secrets::SecretSource> source,
                               std::shared_ptr<Clock> clock)
    : profile_(std::move(profile)), source_(std::move(source)), clock_(std::move(clock)) {
  base::log(LogLevel::warning,
            "provider " + profile_.name +
                " works with a developer token: it is one person's, ends within the hour and must "
                "never reach production");
}

Result<oauth::TokenAnswer> DeveloperGrant::fetch(const TokenRequest& request, const Note&,
                                                 Deadline deadline) {
  auto value = source_->load(deadline);
  if (!value) return failure_of(std::move(value));
  const Fingerprint fingerprint =
      value->reveal([](std::string_view text) { return crypto::fingerprint_of(text); });
  const bool has_ended =
      ended_one_.with([&](const std::optional<Fingerprint>& one) { return one == fingerprint; });
  if (has_ended) return ended();
  oauth::TokenAnswer answer;
  answer.token.value = std::move(*value);
  answer.token.fingerprint = fingerprint;
  answer.token.provider = profile_.name;
  answer.token.subject = request.subject;
  answer.token.token_type = "bearer";
  answer.token.sent_at = clock_->now();
  answer.token.developer = true;
  return answer;
}

void DeveloperGrant::note_unauthorized(const Fingerprint& fingerprint) {
  ended_one_.with([&](std::optional<Fingerprint>& one) { one = fingerprint; });
}

Failure DeveloperGrant::ended() const {
  return fail(Errc::developer_token_ended, "the developer token has ended",
              "generate the next one in the Box developer console (your app, Configuration, "
              "Generate Developer Token) and put it into " +
                  source_->description());
}

}  // namespace valetkey::api
