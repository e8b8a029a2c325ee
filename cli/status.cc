// SPDX-License-Identifier: Apache-2.0
// `valetkey status`: what is held; never a token.

#include <boost/json.hpp>

#include <memory>

#include "base/text.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/subcommand.h"

namespace valetkey::cli {
namespace {

namespace json = boost::json;

json::object json_of(const TokenStatus& token) {
  json::object made;
  made["fingerprint"] = token.fingerprint.text();
  made["provider"] = token.provider;
  made["subject"] = text_of(token.subject);
  made["scopes"] = json::array(token.scopes.begin(), token.scopes.end());
  made["resource"] = token.resource.empty() ? json::value(nullptr) : json::value(token.resource);
  made["parent"] = token.parent ? json::value(token.parent->text()) : json::value(nullptr);
  made["age"] = token.age.count();
  made["expires_in"] = token.expires_in.count();
  made["zone"] = token.zone;
  made["hits"] = token.hits;
  return made;
}

json::object json_of(const PendingRevocation& pending) {
  json::object made;
  made["fingerprint"] = pending.fingerprint.text();
  made["provider"] = pending.provider;
  made["subject"] = text_of(pending.subject);
  made["attempts"] = pending.attempts;
  made["last_error"] = pending.last_error;
  return made;
}

json::value json_of(const SharedCacheStatus& shared) {
  if (shared.servers.empty()) return nullptr;
  json::object made;
  made["servers"] = shared.servers;
  made["reachable"] = shared.reachable;
  made["hears"] = shared.hears;
  made["last_error"] =
      shared.last_error.empty() ? json::value(nullptr) : json::value(shared.last_error);
  made["hits"] = shared.hits;
  made["waits"] = shared.waits;
  made["taken_over"] = shared.taken_over;
  made["refused_writes"] = shared.refused_writes;
  made["failures"] = shared.failures;
  made["rubbish"] = shared.rubbish;
  made["learnt"] = shared.learnt;
  made["untold"] = shared.untold;
  return made;
}

json::object json_of(const Status& status) {
  json::array tokens;
  for (const auto& token : status.tokens)
    tokens.push_back(json_of(token));
  json::array pending;
  for (const auto& one : status.pending_revocations)
    pending.push_back(json_of(one));
  const Counters& counters = status.counters;
  json::object made;
  made["tokens"] = std::move(tokens);
  made["pending_revocations"] = std::move(pending);
  made["counters"] = {{"token_requests", counters.token_requests},
                      {"fetches", counters.fetches},
                      {"forced_refreshes", counters.forced_refreshes},
                      {"failures", counters.failures},
                      {"revocations", counters.revocations}};
  made["shared"] = json_of(status.shared);
  made["memory_locked"] = status.memory_locked;
  return made;
}

std::string lines_for(const TokenStatus& token) {
  std::string text = std::string(token.fingerprint.text()) + "  " + token.provider + "  " +
                     text_of(token.subject) + "  " + token.zone + "  age " + text_of(token.age) +
                     ", ends in " + text_of(token.expires_in) + ", served " +
                     std::to_string(token.hits) + " times\n";
  if (!token.scopes.empty()) text += "    scopes " + base::joined(token.scopes, " ") + "\n";
  if (!token.resource.empty()) text += "    resource " + token.resource + "\n";
  return text;
}

std::string lines_for(const SharedCacheStatus& shared) {
  if (shared.servers.empty()) return {};
  std::string text = "shared with other processes through " + shared.servers;
  if (!shared.reachable) {
    text += ", which is away";
    if (!shared.last_error.empty()) text += ": " + shared.last_error;
    return text + "\n";
  }
  text += "; their revocations arrive ";
  text += shared.hears == "polls" ? "within a second\n" : "at once\n";
  if (shared.untold != 0) {
    text += "revocations that other processes have not been told of yet: " +
            std::to_string(shared.untold) + "\n";
  }
  return text;
}

std::string lines_for(const Status& status) {
  std::string text;
  for (const auto& token : status.tokens)
    text += lines_for(token);
  if (status.tokens.empty()) {
    text += "no tokens are held: they live in the process that fetched them\n";
  }
  for (const auto& pending : status.pending_revocations) {
    text += "revocation pending: " + std::string(pending.fingerprint.text()) + "  " +
            text_of(pending.subject) + "  " + std::to_string(pending.attempts) + " attempts\n";
  }
  text += lines_for(status.shared);
  text += status.memory_locked ? "secrets are kept out of swap\n"
                               : "secrets may reach swap: the kernel refuses to lock memory\n";
  return text;
}

int show_status(bool as_json, const Context& context) {
  const auto client = open_client(context.globals);
  if (!client) {
    context.console.complain(client.error());
    return exit_code_for(client.error());
  }
  const Status status = client->status();
  context.console.write(as_json ? json::serialize(json_of(status)) + "\n" : lines_for(status));
  return exit_done;
}

}  // namespace

Action declare_status(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);  // shared by the parser and the action
  app.add_flag("--json", *as_json, "one object: tokens, pending_revocations, counters, shared");
  return [as_json](const Context& context) { return show_status(*as_json, context); };
}

}  // namespace valetkey::cli
