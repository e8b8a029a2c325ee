// SPDX-License-Identifier: Apache-2.0
#include "emulator/front.h"

#include "base/text.h"
#include "crypto/random.h"
#include "emulator/api.h"
#include "emulator/authorize.h"
#include "emulator/control.h"
#include "emulator/grants.h"
#include "emulator/replies.h"
#include "emulator/token_request.h"
#include "emulator/wire.h"

namespace valetkey::emulator {
namespace {

bool is_token_path(std::string_view path) {
  return path == "/oauth2/token" || path == "/oauth2/token/" || path == "/api/oauth2/token";
}

bool is_revoke_path(std::string_view path) {
  return path == "/oauth2/revoke" || path == "/oauth2/revoke/" || path == "/api/oauth2/revoke";
}

Reply route(State& state, const Request& request) {
  const std::string_view path = request.path;
  if (is_token_path(path)) return answer_token(state, request);
  if (is_revoke_path(path)) return answer_revoke(state, request);
  if (is_api_path(path)) return answer_api(state, request);
  if (is_authorize_path(path)) return answer_authorize(state, request);
  if (is_download_path(path)) return answer_download(state, request);
  if (is_control_path(path)) return answer_control(state, request);
  return not_found();
}

/// What the ledger calls the end of an exchange.
std::string outcome_of(const Reply& reply, const Delivery& delivery) {
  return delivery.close == CloseAt::never ? std::to_string(reply.status) : "closed";
}

}  // namespace

Delivery Front::plan(const Request& request) {
  if (is_control_path(request.path)) return {};
  std::string grant;
  if (is_token_path(request.path)) {
    const auto form = decode_form(request.body);
    const auto facts = facts_of_token_request(*state_, form.value_or(Form{}));
    state_->ledger.grants.count(facts.grant);
    state_->ledger.subjects.count(facts.subject);
    state_->ledger.restrictions.count(facts.restriction);
    grant = facts.grant;
  }
  return state_->faults.next_for(request, grant);
}

Reply Front::handle(const Request& request, const Delivery& delivery) {
  auto reply = delivery.handles() ? route(*state_, request) : Reply{};
  if (delivery.instead) reply = *delivery.instead;
  if (is_token_path(request.path)) state_->ledger.outcomes.count(outcome_of(reply, delivery));
  if (is_api_path(request.path)) state_->ledger.api_calls.count(outcome_of(reply, delivery));
  // A fault may say its own.
  if (!find_field(reply.fields, "date")) {
    reply.fields.push_back({"Date", format_http_date(state_->clock.wall())});
  }
  reply.fields.push_back({"BOX-REQUEST-ID", "0" + crypto::random_hex(16)});
  return reply;
}

}  // namespace valetkey::emulator
