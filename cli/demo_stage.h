// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the demo plays on: an emulator, its configuration in a directory of its own, and a client.

#include <cstdint>
#include <memory>
#include <string>

#include "emulator/emulator.h"
#include "valetkey/client.h"

namespace valetkey::cli {

/// Of mode 0700, and gone with everything in it when this dies.
class PrivateDirectory {
 public:
  /// Errors: exhausted. Blocks: disk.
  [[nodiscard]] static Result<PrivateDirectory> make();
  PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  ~PrivateDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// What the emulator has counted so far.
struct LedgerFigures {
  std::uint64_t token_requests = 0;
  std::uint64_t revocations = 0;
  std::uint64_t calls_good = 0;       ///< 200
  std::uint64_t calls_unknown = 0;    ///< 401
  std::uint64_t calls_forbidden = 0;  ///< 403
};

class DemoStage {
 public:
  /// Errors: as Emulator::start and Client::open. Blocks: disk.
  [[nodiscard]] static Result<DemoStage> make();

  [[nodiscard]] emulator::Emulator& box() { return *emulator_; }
  [[nodiscard]] Client& client() { return client_; }
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  [[nodiscard]] const emulator::Facts& facts() const { return emulator_->facts(); }
  [[nodiscard]] LedgerFigures ledger() const;

  /// A program that was handed this token, has no other and no way to get one.
  /// Errors: as Client::make.
  [[nodiscard]] Result<Client> make_bearer(const AccessToken& token) const;

 private:
  DemoStage(std::unique_ptr<emulator::Emulator> emulator, PrivateDirectory directory, Client client)
      : emulator_(std::move(emulator)),
        directory_(std::move(directory)),
        client_(std::move(client)) {}

  std::unique_ptr<emulator::Emulator> emulator_;
  PrivateDirectory directory_;
  Client client_;
};

}  // namespace valetkey::cli
