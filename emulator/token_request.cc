// SPDX-License-Identifier: Apache-2.0
#include "emulator/token_request.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "emulator/jwt.h"
#include "emulator/scopes.h"

namespace valetkey::emulator {
namespace {

std::string subject_of(const State& state, const Form& form, const std::string& grant) {
  const Holding* holding = nullptr;
  if (grant == "client_credentials") {
    const auto type = form.find("box_subject_type").value_or("unknown");
    return base::printable(type, 20) + ":" +
           base::printable(form.find("box_subject_id").value_or(""), 40);
  }
  if (grant == "jwt-bearer") return claimed_subject(form.find("assertion").value_or(""));
  if (grant == "token-exchange") {
    const auto* const entry = state.tokens.find(form.find("subject_token").value_or(""));
    if (entry != nullptr) holding = &entry->holding;
  } else if (grant == "refresh_token") {
    holding = state.tokens.find_refreshable(form.find("refresh_token").value_or(""));
  } else if (grant == "authorization_code") {
    const auto* const code = state.tokens.find_code(form.find("code").value_or(""));
    if (code != nullptr) holding = &code->holding;
  }
  return holding == nullptr ? "unknown" : holding->subject;
}

}  // namespace

std::string short_grant(std::string_view grant_type) {
  const auto colon = grant_type.rfind(':');
  const auto word = colon == std::string_view::npos ? grant_type : grant_type.substr(colon + 1);
  for (const std::string_view known : {"authorization_code", "refresh_token", "client_credentials",
                                       "jwt-bearer", "token-exchange"}) {
    if (word == known) return std::string(known);
  }
  return "other";
}

TokenRequestFacts facts_of_token_request(const State& state, const Form& form) {
  TokenRequestFacts facts;
  facts.grant = short_grant(form.find("grant_type").value_or(""));
  facts.subject = subject_of(state, form, facts.grant);
  std::vector<std::string> words = parse_scopes(form.find("scope").value_or(""));
  if (const auto resource = form.find("resource")) {
    const auto name = parse_resource(*resource, state.base_url);
    words.push_back(name ? (name->is_folder ? "folders/" : "files/") + name->id : "unknown");
  }
  if (form.find("box_shared_link")) words.emplace_back("shared_link");
  facts.restriction = words.empty() ? "none" : base::printable(base::joined(words, " "), 300);
  return facts;
}

std::optional<ResourceName> parse_resource(std::string_view url, std::string_view base_url) {
  for (const auto origin : {std::string_view("https://api.box.com"), base_url}) {
    if (!url.starts_with(origin)) continue;
    auto rest = url.substr(origin.size());
    for (const bool is_folder : {false, true}) {
      const std::string_view prefix = is_folder ? "/2.0/folders/" : "/2.0/files/";
      if (!rest.starts_with(prefix)) continue;
      const auto id = rest.substr(prefix.size());
      if (!base::all_digits(id)) return std::nullopt;
      return ResourceName{.is_folder = is_folder, .id = std::string(id)};
    }
  }
  return std::nullopt;
}

}  // namespace valetkey::emulator
