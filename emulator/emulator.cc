// SPDX-License-Identifier: Apache-2.0
#include "emulator/emulator.h"

#include "crypto/random.h"
#include "crypto/signing_key.h"
#include "emulator/authorize.h"
#include "emulator/config_writer.h"
#include "emulator/control.h"
#include "emulator/front.h"
#include "emulator/grants.h"
#include "emulator/server.h"
#include "emulator/state.h"

namespace valetkey::emulator {
namespace {

constexpr unsigned key_bits = 2048;

Holding console_holding(const State& state) {
  return full_holding(state, false, state.seed.users.at(1).id);
}

}  // namespace

class Emulator::Impl {
 public:
  Impl(Seed seed, TokenRules rules, std::unique_ptr<Server> listening)
      : state(std::move(seed), rules, make_system_clock()),
        front(state),
        facts(facts_of(state.seed)),
        client_secret(crypto::random_alphanumerics(32)),
        server(std::move(listening)) {
    state.base_url = "http://" + server->address();
    state.client_secret = client_secret.clone();
    facts.base_url = state.base_url;
    server->run(front);
  }

  State state;  // the server's thread alone touches it from `run` on
  Front front;
  Facts facts;
  Secret client_secret;
  std::unique_ptr<Server> server;  // last: its thread ends before what it uses
};

Emulator::Emulator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Emulator::~Emulator() = default;

Result<std::unique_ptr<Emulator>> Emulator::start(Options options) {
  auto seed =
      options.seed_file.empty() ? Result<Seed>(make_default_seed()) : load_seed(options.seed_file);
  if (!seed) return failure_of(std::move(seed));
  auto server = Server::listen(options.listen);
  if (!server) return failure_of(std::move(server));
  const TokenRules rules{.strict_refresh = options.strict_refresh,
                         .revoke_cascades = options.revoke_cascades,
                         .life = options.token_life};
  auto impl = std::make_unique<Impl>(std::move(*seed), rules, std::move(*server));
  return std::unique_ptr<Emulator>(new Emulator(std::move(impl)));
}

const Facts& Emulator::facts() const {
  return impl_->facts;
}
const Secret& Emulator::client_secret() const {
  return impl_->client_secret;
}

Secret Emulator::issue_developer_token() {
  Secret token;
  impl_->server->perform([&] {
    auto& state = impl_->state;
    const auto issued =
        state.tokens.issue(console_holding(state), Shape::short_opaque, state.clock.now());
    token = Secret(issued.access_token);
  });
  return token;
}

Result<Secret> Emulator::authorization_code(const SignIn& sign_in) {
  Result<Secret> code = Secret();
  impl_->server->perform([&] { code = make_code(impl_->state, sign_in); });
  return code;
}

Result<void> Emulator::write_config(const std::string& directory) {
  // A new key replaces the one before: the app has one, as after a new pair in the console.
  const auto key = crypto::generate_rsa_key(key_bits);
  ConfigSecrets secrets;
  secrets.client_secret = impl_->client_secret.clone();
  secrets.passphrase = Secret(crypto::random_alphanumerics(32));
  secrets.private_key = key.encrypted_pem(secrets.passphrase);
  secrets.developer_token = issue_developer_token();
  auto written = write_config_files(directory, impl_->facts, secrets);
  if (!written) return written;
  impl_->server->perform([&] {
    auto& state = impl_->state;
    state.public_keys.clear();
    state.public_keys.push_back(key.verify_key());
    secrets.developer_token.reveal([&](std::string_view token) { state.tokens.shelve(token); });
    state.console_tokens.push_back(
        {.value = secrets.developer_token.clone(), .holding = console_holding(state)});
  });
  return written;
}

std::string Emulator::ledger_json() const {
  std::string text;
  impl_->server->perform([&] { text = ledger_text(impl_->state); });
  return text;
}

Result<void> Emulator::add_faults(std::string_view json) {
  auto faults = parse_faults(json);
  if (!faults) return failure_of(std::move(faults));
  Result<void> added;
  impl_->server->perform([&] { added = impl_->state.faults.add(std::move(*faults)); });
  return added;
}

void Emulator::advance_clock(std::chrono::seconds by) {
  impl_->server->perform([&] { impl_->state.clock.advance(by); });
}

void Emulator::skew_clock(std::chrono::seconds skew) {
  impl_->server->perform([&] { impl_->state.clock.set_skew(skew); });
}

Result<std::size_t> Emulator::expire_tokens(const TokenChoice& which) {
  Result<std::size_t> hit = std::size_t{0};
  impl_->server->perform([&] { hit = expire_chosen(impl_->state, which); });
  return hit;
}

Result<std::size_t> Emulator::revoke_tokens(const TokenChoice& which) {
  Result<std::size_t> hit = std::size_t{0};
  impl_->server->perform([&] { hit = revoke_chosen(impl_->state, which); });
  return hit;
}

Result<void> Emulator::disable_user(const std::string& id) {
  Result<void> result;
  impl_->server->perform([&] { result = disable_chosen(impl_->state, id); });
  return result;
}

void Emulator::reset() {
  impl_->server->perform([&] { valetkey::emulator::reset(impl_->state); });
}

}  // namespace valetkey::emulator
