// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret_source.h"

#include <stdlib.h>  // secure_getenv

#include <utility>

#include "base/assert.h"
#include "secrets/environment.h"
#include "secrets/private_file.h"
#include "secrets/program.h"

namespace valetkey::secrets {
namespace {

class FileSource final : public SecretSource {
 public:
  explicit FileSource(SecretRef ref) : ref_(std::move(ref)) {}
  Result<Secret> load(Deadline) override { return load_private_file(ref_.place); }
  std::string description() const override { return describe(ref_); }

 private:
  const SecretRef ref_;
};

class EnvSource final : public SecretSource {
 public:
  explicit EnvSource(SecretRef ref) : ref_(std::move(ref)) {
    static_cast<void>(take_variable(ref_.place));  // before anyone starts a child
  }

  Result<Secret> load(Deadline) override {
    const auto value = take_variable(ref_.place);
    if (!value) {
      return fail(Errc::secret_unavailable,
                  "the environment variable " + ref_.place + " is not set",
                  "set it for this process, or name another source");
    }
    return checked_secret(*value, "the environment variable " + ref_.place);
  }
  std::string description() const override { return describe(ref_); }

 private:
  const SecretRef ref_;
};

class CredentialSource final : public SecretSource {
 public:
  explicit CredentialSource(SecretRef ref) : ref_(std::move(ref)) {}

  Result<Secret> load(Deadline) override {
    const char* const directory = secure_getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') {
      return fail(Errc::secret_unavailable,
                  "there are no credentials: CREDENTIALS_DIRECTORY is not set",
                  "run it as a systemd unit with LoadCredential=" + ref_.place + ":PATH");
    }
    auto loaded = load_credential_file(std::string(directory) + "/" + ref_.place);
    if (loaded) return loaded;
    Error error = std::move(loaded).error();
    error.context = "credential " + ref_.place + ": " + error.context;
    error.hint = "check the unit's LoadCredential=" + ref_.place + ":PATH";
    return fail(std::move(error));
  }
  std::string description() const override { return describe(ref_); }

 private:
  const SecretRef ref_;
};

class CommandSource final : public SecretSource {
 public:
  CommandSource(SecretRef ref, std::shared_ptr<Clock> clock)
      : ref_(std::move(ref)), clock_(std::move(clock)) {}

  Result<Secret> load(Deadline deadline) override {
    auto words = split_command(ref_.place);
    if (!words) return failure_of(std::move(words));
    auto printed = run_program(*words, deadline, *clock_);
    if (!printed) return printed;
    return checked_secret(*printed, "the output of " + description());
  }
  std::string description() const override { return describe(ref_); }

 private:
  const SecretRef ref_;
  const std::shared_ptr<Clock> clock_;  // shared with everything that tells the time
};

}  // namespace

std::unique_ptr<SecretSource> make_source(const SecretRef& ref, std::shared_ptr<Clock> clock) {
  switch (ref.kind) {
    case SourceKind::file:
      return std::make_unique<FileSource>(ref);
    case SourceKind::env:
      return std::make_unique<EnvSource>(ref);
    case SourceKind::credential:
      return std::make_unique<CredentialSource>(ref);
    case SourceKind::command:
      return std::make_unique<CommandSource>(ref, std::move(clock));
  }
  VALETKEY_ASSERT(!"a kind of source without a source");
  return nullptr;
}

}  // namespace valetkey::secrets
