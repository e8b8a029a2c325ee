// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include <utility>

#include "api/config_checks.h"
#include "base/assert.h"
#include "crypto/digest.h"
#include "oauth/box_app_settings.h"
#include "secrets/private_file.h"
#include "secrets/secret_ref.h"

namespace valetkey::api {
namespace {

using namespace std::chrono_literals;

constexpr auto source_time_max = 10s;

}  // namespace

std::string digest_of(const Secret& secret) {
  return secret.reveal([](std::string_view text) { return crypto::hex_of(crypto::sha256(text)); });
}

std::unique_ptr<secrets::SecretSource> source_of(const Config& config, const std::string& text,
                                                 const std::shared_ptr<Clock>& clock) {
  if (text.empty()) return nullptr;
  auto parsed = secrets::parse_secret_ref(text, directory_of(config));
  VALETKEY_ASSERT(parsed.has_value());  // find_mistakes has seen it
  return secrets::make_source(*parsed, clock);
}

Credentials::Credentials(const Config& config, const ProviderConfig& provider,
                         std::shared_ptr<Clock> clock)
    : app_config_(resolved_path(config, provider.app_config)),
      algorithm_(crypto::find_algorithm(provider.algorithm).value_or(crypto::JwsAlgorithm::rs256)),
      key_source_(source_of(config, provider.private_key, clock)),
      passphrase_source_(source_of(config, provider.private_key_passphrase, clock)),
      clock_(clock) {
  for (const auto& text : provider.client_secret) {
    secret_sources_.push_back(source_of(config, text, clock));
  }
}

std::unique_ptr<Credentials> Credentials::make(const Config& config, const ProviderConfig& provider,
                                               std::shared_ptr<Clock> clock,
                                               std::vector<Mistake>& mistakes) {
  std::unique_ptr<Credentials> made(new Credentials(config, provider, std::move(clock)));
  std::vector<Problem> problems;
  auto held = std::make_shared<const Held>(made->read(nullptr, problems));
  for (auto& [key, error] : problems) {
    mistakes.push_back(mistake_at(config, provider, key, key + ": " + describe(error), error.hint));
  }
  if (!problems.empty()) return nullptr;
  made->held_.with([&](HeldPtr& slot) { slot = std::move(held); });
  return made;
}

Credentials::Held Credentials::read(const Held* before, std::vector<Problem>& problems) const {
  Held held;
  read_secrets(before, held, problems);
  if (!app_config_.empty() && !read_app_config(held, problems) && before != nullptr) {
    keep_app_config(*before, held);
  }
  if (key_source_ && !read_key(held, problems) && before != nullptr) {
    held.key = before->key;
    held.key_digest = before->key_digest;
  }
  SecretBuilder digests;
  for (const auto& secret : held.secrets)
    digests.append(digest_of(secret)).append(' ');
  digests.append(held.key_digest);
  held.label = digest_of(digests.take()).substr(0, 32);
  return held;
}

void Credentials::read_secrets(const Held* before, Held& held,
                               std::vector<Problem>& problems) const {
  for (std::size_t index = 0; index < secret_sources_.size(); ++index) {
    auto secret = secret_sources_[index]->load(Deadline{clock_->now() + source_time_max});
    if (secret) {
      held.secrets.push_back(std::move(*secret));
      continue;
    }
    problems.push_back({"client_secret", std::move(secret).error()});
    if (before != nullptr) held.secrets.push_back(before->secrets[index].clone());
  }
}

bool Credentials::read_app_config(Held& held, std::vector<Problem>& problems) const {
  const auto refuse = [&](Error error) {
    problems.push_back({"app_config", std::move(error)});
    return false;
  };
  auto text = secrets::load_private_file(app_config_);
  if (!text) return refuse(std::move(text).error());
  auto settings = oauth::parse_box_app_settings(*text);
  if (!settings) return refuse(std::move(settings).error());
  if (!settings->private_key.empty() &&
      !take_key(settings->private_key, settings->passphrase, "app_config", held, problems)) {
    return false;
  }
  held.app = {.client_id = std::move(settings->client_id),
              .key_id = std::move(settings->key_id),
              .enterprise_id = std::move(settings->enterprise_id),
              .user_id = std::move(settings->user_id)};
  // A source named in the configuration goes before the file, so that a rotation needs no edit of
  // Box's file.
  if (!settings->client_secret.empty()) held.secrets.push_back(std::move(settings->client_secret));
  return true;
}

void Credentials::keep_app_config(const Held& before, Held& held) const {
  held.app = before.app;
  held.key = before.key;
  held.key_digest = before.key_digest;
  // The file's own secret comes after those of the sources.
  for (std::size_t index = secret_sources_.size(); index < before.secrets.size(); ++index)
    held.secrets.push_back(before.secrets[index].clone());
}

bool Credentials::read_key(Held& held, std::vector<Problem>& problems) const {
  const Deadline deadline{clock_->now() + source_time_max};
  auto pem = key_source_->load(deadline);
  if (!pem) {
    problems.push_back({"private_key", std::move(pem).error()});
    return false;
  }
  Secret passphrase;
  if (passphrase_source_) {
    auto loaded = passphrase_source_->load(deadline);
    if (!loaded) {
      problems.push_back({"private_key_passphrase", std::move(loaded).error()});
      return false;
    }
    passphrase = std::move(*loaded);
  }
  return take_key(*pem, passphrase, "private_key", held, problems);
}

bool Credentials::take_key(const Secret& pem, const Secret& passphrase, const char* source,
                           Held& held, std::vector<Problem>& problems) const {
  auto key = crypto::parse_signing_key(pem, passphrase);
  if (!key) {
    problems.push_back({source, std::move(key).error()});
    return false;
  }
  auto tried = key->sign(algorithm_, "");
  if (!tried) {
    problems.push_back({"algorithm", std::move(tried).error()});
    return false;
  }
  held.key = std::make_shared<const crypto::SigningKey>(std::move(*key));
  held.key_digest = digest_of(pem);
  return true;
}

Result<void> Credentials::reload() {
  const HeldPtr before = held();
  std::vector<Problem> problems;
  auto fresh = std::make_shared<const Held>(read(before.get(), problems));
  held_.with([&](HeldPtr& slot) { slot = std::move(fresh); });
  if (!problems.empty()) return fail(std::move(problems.front().error));
  return {};
}

std::string Credentials::description() const {
  std::string names;
  const auto add = [&](const secrets::SecretSource& source) {
    if (!names.empty()) names += " and ";
    names += source.description();
  };
  for (const auto& source : secret_sources_)
    add(*source);
  if (key_source_) add(*key_source_);
  if (!app_config_.empty()) names += (names.empty() ? "" : " and ") + app_config_;
  return names;
}

}  // namespace valetkey::api
