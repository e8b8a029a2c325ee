// SPDX-License-Identifier: Apache-2.0
#include "api/conversation.h"

#include <algorithm>
#include <utility>

#include "api/sent_secrets.h"
#include "base/http_date.h"
#include "base/log.h"
#include "crypto/random.h"
#include "lifecycle/policy.h"
#include "oauth/error_response.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto assertion_life = 45s;  // Box allows 60
constexpr auto refusal_memory = lifecycle::CachePolicy{}.permanent_memory;

/// Tells what is proved with the secret of that index from every other proof. The key is part of
/// it: with grant jwt both are in one request, and either may be the one that was refused.
std::string digest_of_proof(const Credentials::Held& held, bool by_key, std::size_t index) {
  const bool with_secret = !by_key && index < held.secrets.size();
  return (with_secret ? digest_of(held.secrets[index]) : "") + ":" + held.key_digest;
}

std::size_t count_proofs(const Credentials::Held& held, bool by_key) {
  return by_key ? 1 : std::max<std::size_t>(1, held.secrets.size());
}

}  // namespace

/// One question on its way, through all its attempts.
class Conversation::Asking {
 public:
  Asking(Conversation& owner, const Question& question, const Note& note, Deadline deadline,
         oauth::Profile profile)
      : owner_(owner),
        question_(question),
        note_(note),
        deadline_(deadline),
        profile_(std::move(profile)),
        held_(owner.credentials_.held()),
        secret_index_(owner.good_secret_.load(std::memory_order_relaxed)) {
    if (secret_index_ >= held_->secrets.size()) secret_index_ = 0;
  }

  Result<void> run() {
    if (auto known = find_known_refusal()) return fail(std::move(*known));
    return attempt_until_good([this] { return attempt_with_corrections(); }, owner_.parts_, note_,
                              deadline_);
  }

 private:
  Ending attempt_with_corrections() {
    for (;;) {
      std::optional<Error> error = attempt();
      if (!error) {
        owner_.good_secret_.store(secret_index_, std::memory_order_relaxed);
        owner_.refusals_.with([&](auto& refusals) { refusals.erase(proof_digest(secret_index_)); });
        return {};
      }
      if (correct_clock(*error)) continue;
      if (question_.asks_token) note_refusal(*error);
      if (error->code == Errc::invalid_client && next_proof()) continue;
      if (error->code == Errc::invalid_client) name_sources(*error);
      return {.error = std::move(error),
              .status = response_ ? response_->status : 0,
              .replayable = question_.replayable};
    }
  }

  std::optional<Error> attempt() {
    response_.reset();
    auto request = build();
    if (!request) return std::move(request).error();
    if (question_.asks_token && owner_.parts_.token_requests) {
      owner_.parts_.token_requests->fetch_add(1, std::memory_order_relaxed);
    }
    auto response = send_patiently(owner_.parts_, *request, deadline_);
    if (!response) return std::move(response).error();
    response_.emplace(std::move(*response));
    note_clock();
    auto error = question_.judge(*response_, profile_);
    if (error) cut_sent_secrets(*error, *request, held_->secrets);
    return error;
  }

  Result<HttpRequest> build() {
    const WallTime now = owner_.parts_.clock->wall_now() +
                         std::chrono::seconds(owner_.offset_s_.load(std::memory_order_relaxed));
    const Secret* const secret = held_->secrets.empty() ? nullptr : &held_->secrets[secret_index_];
    oauth::ClientProof proof{.method = profile_.client_auth, .secret = secret};
    if (secret == nullptr && proof.method != oauth::ClientAuthMethod::private_key_jwt) {
      proof.method = oauth::ClientAuthMethod::none;
    }
    Secret assertion;
    if (proof.method == oauth::ClientAuthMethod::private_key_jwt) {
      auto signed_one = sign_client_assertion(now);
      if (!signed_one) return failure_of(std::move(signed_one));
      assertion = std::move(*signed_one);
      proof.assertion = &assertion;
    }
    return question_.build(Attempt{profile_, *held_, proof, now});
  }

  Result<Secret> sign_client_assertion(WallTime now) const {
    if (!held_->key) return fail(Errc::misconfigured, "private_key_jwt needs a private key");
    // RFC 7523 §3: iss and sub are the client, aud the server. The issuer is the audience that
    // servers agree on; the token endpoint's URL is what those without metadata expect.
    auto plan = plan_assertion(profile_, owner_.key_id_, owner_.key_algorithm_, now);
    plan.subject = profile_.client_id;
    plan.audience = profile_.issuer.empty() ? profile_.token_endpoint : profile_.issuer;
    plan.with_issued_at = true;
    return oauth::make_assertion(*held_->key, plan);
  }

  bool proves_by_key() const {
    return profile_.client_auth == oauth::ClientAuthMethod::private_key_jwt;
  }

  void note_clock() {
    const auto text = find_header(response_->headers, "Date");
    const auto date = text ? base::parse_http_date(*text) : std::nullopt;
    if (!date) return;
    const auto ahead =
        std::chrono::round<std::chrono::seconds>(*date - response_->answered_at_wall);
    owner_.seen_offset_s_.store(ahead.count(), std::memory_order_relaxed);
  }

  // Rule U3: once, and remembered for every later assertion.
  bool correct_clock(const Error& error) {
    const bool signs = question_.has_assertion || proves_by_key();
    if (!signs || is_corrected_ || !response_) return false;
    const std::chrono::seconds used(owner_.offset_s_.load(std::memory_order_relaxed));
    const auto offset = oauth::clock_offset(*response_, error, used);
    if (!offset) return false;
    is_corrected_ = true;
    owner_.offset_s_.store(offset->count(), std::memory_order_relaxed);
    base::log(LogLevel::warning, "the provider calls our clock wrong; its own is " +
                                     std::to_string(offset->count()) +
                                     " s ahead, and is used from now on");
    return true;
  }

  // Rule S6: the other secret, then whatever a new reading of the sources brings, each once.
  bool next_proof() {
    if (held_->secrets.empty() && !held_->key) return false;
    refused_.push_back(proof_digest(secret_index_));
    if (find_untried()) return true;
    if (is_reloaded_) return false;
    is_reloaded_ = true;
    if (auto reloaded = owner_.credentials_.reload(); !reloaded) {
      base::log(LogLevel::warning,
                "not every secret could be read again: " + describe(reloaded.error()));
    }
    held_ = owner_.credentials_.held();
    return find_untried();
  }

  std::string proof_digest(std::size_t index) const {
    return digest_of_proof(*held_, proves_by_key(), index);
  }

  std::size_t proofs() const { return count_proofs(*held_, proves_by_key()); }

  bool is_refused(const std::string& digest) const {
    return std::find(refused_.begin(), refused_.end(), digest) != refused_.end();
  }

  // Rule C9. Only of questions for tokens: a revocation is tried whatever may become of it.
  void note_refusal(const Error& error) const {
    const bool is_of_client = error.code == Errc::invalid_client && response_ &&
                              oauth::refuses_client(*response_, profile_);
    if (!is_of_client) return;
    const Instant now = owner_.parts_.clock->now();
    owner_.refusals_.with([&](auto& refusals) {
      std::erase_if(refusals, [now](const auto& one) { return one.second.until <= now; });
      refusals.insert_or_assign(proof_digest(secret_index_), Refusal{error, now + refusal_memory});
    });
  }

  /// Takes note of what need not be tried; the refusal, when nothing is left to be tried.
  std::optional<Error> find_known_refusal() {
    if (!question_.asks_token) return std::nullopt;
    const Instant now = owner_.parts_.clock->now();
    std::optional<Error> known;
    owner_.refusals_.with([&](const auto& refusals) {
      for (std::size_t index = 0; index < proofs(); ++index) {
        const auto at = refusals.find(proof_digest(index));
        if (at == refusals.end() || at->second.until <= now) continue;
        refused_.push_back(at->first);
        known = at->second.error;
      }
    });
    if (!known || !is_refused(proof_digest(secret_index_)) || find_untried()) return std::nullopt;
    name_sources(*known);
    return known;
  }

  bool find_untried() {
    for (std::size_t index = 0; index < proofs(); ++index) {
      if (is_refused(proof_digest(index))) continue;
      secret_index_ = index;
      return true;
    }
    return false;
  }

  void name_sources(Error& error) const {
    const std::string sources = owner_.credentials_.description();
    if (!sources.empty()) error.hint += (error.hint.empty() ? "" : "; ") + ("check " + sources);
  }

  Conversation& owner_;
  const Question& question_;
  const Note& note_;
  const Deadline deadline_;
  const oauth::Profile profile_;
  Credentials::HeldPtr held_;
  std::size_t secret_index_ = 0;
  std::vector<std::string> refused_;
  std::optional<HttpResponse> response_;
  bool is_corrected_ = false;
  bool is_reloaded_ = false;
};

Conversation::Conversation(Endpoints& endpoints, Credentials& credentials,
                           std::string key_algorithm, std::string key_id, SessionParts parts)
    : endpoints_(endpoints),
      credentials_(credentials),
      key_algorithm_(std::move(key_algorithm)),
      key_id_(std::move(key_id)),
      parts_(std::move(parts)) {}

Result<void> Conversation::ask(const Question& question, const Note& note, Deadline deadline) {
  auto profile = endpoints_.resolved(note, deadline);
  if (!profile) return failure_of(std::move(profile));
  return Asking(*this, question, note, deadline, std::move(*profile)).run();
}

bool Conversation::all_refused() const {
  const auto held = credentials_.held();
  const bool by_key = endpoints_.base().client_auth == oauth::ClientAuthMethod::private_key_jwt;
  const Instant now = parts_.clock->now();
  return refusals_.with([&](const auto& refusals) {
    for (std::size_t index = 0; index < count_proofs(*held, by_key); ++index) {
      const auto at = refusals.find(digest_of_proof(*held, by_key, index));
      if (at == refusals.end() || at->second.until <= now) return false;
    }
    return true;
  });
}

void Conversation::forget_refusals() {
  refusals_.with([](auto& refusals) { refusals.clear(); });
}

std::optional<std::chrono::seconds> Conversation::clock_difference() const {
  const auto seen = seen_offset_s_.load(std::memory_order_relaxed);
  if (seen == INT64_MIN) return std::nullopt;
  return std::chrono::seconds(seen);
}

Result<oauth::TokenAnswer> ask_for_token(Conversation& conversation, Question question,
                                         const TokenRequest& request, const AccessToken* parent,
                                         const Note& note, Deadline deadline) {
  std::optional<oauth::TokenAnswer> answer;
  question.asks_token = true;
  question.judge = [&](const HttpResponse& response,
                       const oauth::Profile& profile) -> std::optional<Error> {
    auto parsed = oauth::parse_token_response(response, profile, request, parent);
    if (!parsed) return std::move(parsed).error();
    answer.emplace(std::move(*parsed));
    return std::nullopt;
  };
  auto asked = conversation.ask(question, note, deadline);
  if (!asked) return failure_of(std::move(asked));
  return std::move(*answer);
}

oauth::AssertionPlan plan_assertion(const oauth::Profile& profile, const std::string& key_id,
                                    std::string_view algorithm, WallTime now) {
  oauth::AssertionPlan plan;
  plan.issuer = profile.client_id;
  plan.key_id = key_id;
  plan.algorithm = crypto::find_algorithm(algorithm).value_or(crypto::JwsAlgorithm::rs256);
  plan.jti = crypto::random_uuid();
  plan.now = now;
  plan.life = assertion_life;
  return plan;
}

}  // namespace valetkey::api
