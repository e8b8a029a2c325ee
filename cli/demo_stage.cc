// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_stage.h"

#include <fcntl.h>
#include <stdlib.h>  // mkdtemp
#include <unistd.h>

#include <boost/json.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace valetkey::cli {
namespace {

std::uint64_t number_at(const boost::json::value& ledger, const char* pointer) {
  boost::json::error_code absent;
  const auto* const value = ledger.find_pointer(pointer, absent);
  return value == nullptr ? 0 : value->to_number<std::uint64_t>();
}

/// Into a new file that nobody else may read.
Result<void> write_token(const std::string& path, const AccessToken& token) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail(Errc::exhausted, path + ": " + std::strerror(errno));
  const bool is_whole = token.reveal([file](std::string_view text) {
    return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  });
  ::close(file);
  if (!is_whole) return fail(Errc::exhausted, path + " cannot be written");
  return {};
}

}  // namespace

Result<PrivateDirectory> PrivateDirectory::make() {
  std::error_code failed;
  std::string path = std::filesystem::temp_directory_path(failed).string();
  if (failed) path = "/tmp";
  path += "/valetkey-demo-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return fail(Errc::exhausted, path + ": " + std::strerror(errno),
                "set TMPDIR to a directory that can be written");
  }
  return PrivateDirectory(std::move(path));
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<DemoStage> DemoStage::make() {
  auto emulator = emulator::Emulator::start({});
  if (!emulator) return failure_of(std::move(emulator));
  auto directory = PrivateDirectory::make();
  if (!directory) return failure_of(std::move(directory));
  if (auto written = (*emulator)->write_config(directory->path()); !written) {
    return failure_of(std::move(written));
  }
  auto client = Client::open(directory->path() + "/valetkey.toml");
  if (!client) return failure_of(std::move(client));
  return DemoStage(std::move(*emulator), std::move(*directory), std::move(*client));
}

LedgerFigures DemoStage::ledger() const {
  const auto ledger = boost::json::parse(emulator_->ledger_json());
  return {.token_requests = number_at(ledger, "/token_requests/total"),
          .revocations = number_at(ledger, "/revocations/total"),
          .calls_good = number_at(ledger, "/api_calls/200"),
          .calls_unknown = number_at(ledger, "/api_calls/401"),
          .calls_forbidden = number_at(ledger, "/api_calls/403")};
}

Result<Client> DemoStage::make_bearer(const AccessToken& token) const {
  const std::string path = directory() + "/" + std::string(token.fingerprint().text()) + ".token";
  if (auto written = write_token(path, token); !written) return failure_of(std::move(written));
  Config config{.environment = Environment::development};
  config.providers.push_back({.name = "box",
                              .type = "box",
                              .base_url = facts().base_url,
                              .grant = "developer_token",
                              .developer_token = "file:" + path});
  return Client::make(std::move(config));
}

}  // namespace valetkey::cli
