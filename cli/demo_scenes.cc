// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_scenes.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "valetkey/box.h"

namespace valetkey::cli {
namespace {

using namespace std::chrono_literals;

constexpr unsigned threads_count = 200;
constexpr unsigned asks_per_thread = 50;
constexpr std::uint64_t asks_count = std::uint64_t{threads_count} * asks_per_thread;
constexpr std::uint64_t warm_asks_count = 1'000'000;
constexpr auto scene_time_max = 30s;

std::string text_of(const Fingerprint& fingerprint) {
  return std::string(fingerprint.text());
}

struct Rush {
  std::uint64_t answered = 0;
  std::chrono::nanoseconds took{};
};

/// Every thread asks for the same token from the same instant on.
Rush rush_for(Client& client, const TokenRequest& request) {
  std::atomic<std::uint64_t> answered{0};
  std::latch gate(threads_count + 1);
  const auto clock = make_system_clock();
  Instant began{};
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < threads_count; ++i) {
      threads.emplace_back([&] {
        gate.arrive_and_wait();
        for (unsigned ask = 0; ask < asks_per_thread; ++ask) {
          if (client.token(request, deadline_in(scene_time_max))) answered.fetch_add(1);
        }
      });
    }
    began = clock->now();
    gate.arrive_and_wait();
  }
  return {answered.load(), clock->now() - began};
}

std::uint64_t per_second(std::uint64_t count, std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  return seconds <= 0 ? 0 : static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
}

Result<int> status_of(Client& client, TokenRequest request, const std::string& path) {
  const auto answer =
      client.call({.token = std::move(request), .target = path}, deadline_in(scene_time_max));
  if (answer) return answer->status;
  // The bearer has no way to another token: for it, a refused one is the end.
  if (answer.error().code == Errc::developer_token_ended) return 401;
  return fail(answer.error());
}

}  // namespace

Result<void> play_single_fetch(DemoStage& stage, Narrator& narrator) {
  narrator.scene("single_fetch", "Ten thousand asks, one token request");
  narrator.say(std::to_string(threads_count) + " threads ask " + std::to_string(asks_per_thread) +
               " times each for the enterprise's token, all at once, and nothing is held yet.");
  narrator.say("The provider takes 150 ms to answer, so that everyone meets at the door.");
  const auto slow = stage.box().add_faults(
      R"([{"match":{"path":"/oauth2/token"},"times":1,"action":{"delay_ms":150}}])");
  if (!slow) return fail(slow.error());
  const LedgerFigures before = stage.ledger();

  const Rush rush = rush_for(stage.client(), {});

  const std::uint64_t requests = stage.ledger().token_requests - before.token_requests;
  narrator.figure("asks", rush.answered, "asks answered with a token");
  narrator.figure("token_requests", requests, "token request in the provider's ledger");
  narrator.figure("milliseconds",
                  static_cast<std::uint64_t>(rush.took / std::chrono::milliseconds(1)),
                  "milliseconds for all of them, the provider's 150 included");
  narrator.figure("asks_per_second", per_second(rush.answered, rush.took), "asks per second");
  narrator.promise(rush.answered == asks_count, "every ask was answered");
  narrator.promise(requests == 1, "the provider was asked once");

  auto handle = stage.client().handle({});
  if (!handle) return failure_of(std::move(handle));
  const auto clock = make_system_clock();
  const Instant began = clock->now();
  const Deadline deadline{began + scene_time_max};
  std::uint64_t served = 0;
  for (std::uint64_t ask = 0; ask < warm_asks_count; ++ask) {
    if (handle->token(deadline)) ++served;
  }
  const auto took = clock->now() - began;
  narrator.figure("warm_nanoseconds", static_cast<std::uint64_t>(took.count()) / warm_asks_count,
                  "nanoseconds per ask once it is held (one thread, " + grouped(warm_asks_count) +
                      " asks through a prepared handle)");
  narrator.promise(served == warm_asks_count &&
                       stage.ledger().token_requests == before.token_requests + requests,
                   "and none of those went to the provider");
  return {};
}

Result<void> play_narrowing(DemoStage& stage, Narrator& narrator) {
  narrator.scene("narrowing", "A token for one file, and for nothing else");
  const auto& files = stage.facts().root_file_ids;
  const TokenRequest request{.scopes = {"item_download"}, .resource = box::file(files.at(0))};
  const auto token = stage.client().token(request, deadline_in(scene_time_max));
  if (!token) return fail(token.error());
  narrator.say("token " + text_of(token->fingerprint()) + " may item_download, on file " +
               files.at(0) + " alone");
  const LedgerFigures before = stage.ledger();

  const auto own =
      stage.client().call({.token = request, .target = "/2.0/files/" + files.at(0) + "/content"},
                          deadline_in(scene_time_max));
  if (!own) return fail(own.error());
  const auto other = status_of(stage.client(), request, "/2.0/files/" + files.at(1) + "/content");
  if (!other) return fail(other.error());

  narrator.figure("bytes", own->body.size(), "bytes downloaded from its file");
  narrator.figure("next_file_status", static_cast<std::uint64_t>(*other),
                  "is what the provider says to the next file");
  narrator.promise(own->status == 200 && own->body.size() != 0, "its own file was downloaded");
  narrator.promise(*other == 403 && stage.ledger().calls_forbidden == before.calls_forbidden + 1,
                   "the next file was refused, by the provider itself");
  narrator.promise(stage.ledger().token_requests == before.token_requests,
                   "a 403 is no reason to fetch another token, and none was fetched");
  return {};
}

Result<void> play_unauthorized(DemoStage& stage, Narrator& narrator) {
  narrator.scene("unauthorized", "A token that dies behind our back");
  const auto token = stage.client().token({}, deadline_in(scene_time_max));
  if (!token) return fail(token.error());
  const auto killed = stage.box().revoke_tokens({.fingerprint = text_of(token->fingerprint())});
  if (!killed) return fail(killed.error());
  narrator.say("the provider has killed " + text_of(token->fingerprint()) +
               "; we still hold it and know nothing");
  const LedgerFigures before = stage.ledger();

  const auto status = status_of(stage.client(), {}, "/2.0/users/me");
  if (!status) return fail(status.error());

  const LedgerFigures after = stage.ledger();
  const std::uint64_t refused = after.calls_unknown - before.calls_unknown;
  const std::uint64_t requests = after.token_requests - before.token_requests;
  narrator.figure("status", static_cast<std::uint64_t>(*status), "is what the caller gets");
  narrator.figure("refused", refused, "answer 401 on the way");
  narrator.figure("token_requests", requests, "token request to replace it");
  narrator.promise(*killed == 1 && *status == 200,
                   "the call succeeded; the caller noticed nothing");
  narrator.promise(refused == 1 && requests == 1, "one 401, one refresh, no storm");
  return {};
}

Result<void> play_revocation(DemoStage& stage, Narrator& narrator) {
  narrator.scene("revocation", "A revocation that holds at once, for the narrowed token too");
  const auto& facts = stage.facts();
  const Subject someone = user(facts.user_ids.at(0));
  const std::string path = "/2.0/files/" + facts.root_file_ids.at(0) + "/content";
  const Deadline deadline = deadline_in(scene_time_max);
  const auto parent = stage.client().token({.subject = someone}, deadline);
  if (!parent) return fail(parent.error());
  const auto child = stage.client().token({.subject = someone,
                                           .scopes = {"item_download"},
                                           .resource = box::file(facts.root_file_ids.at(0))},
                                          deadline);
  if (!child) return fail(child.error());
  auto parent_bearer = stage.make_bearer(*parent);
  if (!parent_bearer) return failure_of(std::move(parent_bearer));
  auto child_bearer = stage.make_bearer(*child);
  if (!child_bearer) return failure_of(std::move(child_bearer));
  narrator.say("two programs hold tokens of user " + someone.id + ": the full one, " +
               text_of(parent->fingerprint()) + ", and one narrowed from it, " +
               text_of(child->fingerprint()));
  const auto parent_first = status_of(*parent_bearer, {}, path);
  if (!parent_first) return fail(parent_first.error());
  const auto child_first = status_of(*child_bearer, {}, path);
  if (!child_first) return fail(child_first.error());
  const LedgerFigures before = stage.ledger();

  const auto report = stage.client().revoke(*parent, deadline);
  if (!report) return fail(report.error());
  const auto parent_then = status_of(*parent_bearer, {}, path);
  if (!parent_then) return fail(parent_then.error());
  const auto child_then = status_of(*child_bearer, {}, path);
  if (!child_then) return fail(child_then.error());

  const LedgerFigures after = stage.ledger();
  narrator.figure("delivered", report->delivered, "tokens revoked, where one was named");
  narrator.figure("parent_status", static_cast<std::uint64_t>(*parent_then),
                  "is what the provider now says to the full token");
  narrator.figure("child_status", static_cast<std::uint64_t>(*child_then),
                  "and to the narrowed one");
  narrator.promise(*parent_first == 200 && *child_first == 200, "both worked before");
  narrator.promise(
      report->delivered == 2 && report->pending == 0 && after.revocations == before.revocations + 2,
      "the provider has confirmed both revocations");
  narrator.promise(
      *parent_then == 401 && *child_then == 401 && after.calls_unknown == before.calls_unknown + 2,
      "both are dead at the provider, from the moment that revoke returned");
  const auto next = stage.client().token({.subject = someone}, deadline);
  if (!next) return fail(next.error());
  narrator.promise(next->fingerprint() != parent->fingerprint(),
                   "and whoever asks next is given a new one");
  return {};
}

Result<void> play_developer_token(DemoStage& stage, Narrator& narrator) {
  narrator.scene("developer_token", "A developer token in production");
  const std::string text =
      "environment = \"production\"\n"
      "[provider.box]\n"
      "base_url = \"" +
      stage.facts().base_url +
      "\"\n"
      "grant = \"developer_token\"\n"
      "developer_token = \"file:developer.token\"\n";
  const LedgerFigures before = stage.ledger();

  const auto refused = parse_config(text, stage.directory() + "/production.toml");

  if (refused) {
    narrator.promise(false, "the configuration is refused");
    return {};
  }
  for (const auto& mistake : refused.error().mistakes) {
    narrator.say("production.toml:" + std::to_string(mistake.line) + ": " + mistake.what);
    narrator.say("    " + mistake.remedy);
  }
  narrator.figure("mistakes", refused.error().mistakes.size(), "mistake, with its line and remedy");
  narrator.promise(refused.error().code == Errc::misconfigured, "the configuration is refused");
  narrator.promise(stage.ledger().token_requests == before.token_requests, "and nothing was sent");
  return {};
}

}  // namespace valetkey::cli
