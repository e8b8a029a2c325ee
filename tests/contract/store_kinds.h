// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every kind of SharedStore that the contract suites run over; a new kind is a line in
// store_kinds.cc.

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "support/real_server.h"
#include "valetkey/shared_store.h"

namespace valetkey::contract {

/// The servers of a store, and as many stores on them as a test wants processes.
class StoreStage {
 public:
  virtual ~StoreStage() = default;
  /// As another process with the same configuration would.
  virtual std::shared_ptr<SharedStore> open(std::shared_ptr<Clock> clock) = 0;
  virtual void flush() = 0;
  /// Kills one of several servers, whichever.
  virtual void lose_one() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreStage>()> make_stage;
  bool of_several_servers = false;
};

/// A store on one server at a port of 127.0.0.1, where a proxy may stand in for the server.
struct ServerKind {
  std::string name;
  support::RealServer::Kind server;
  std::function<std::shared_ptr<SharedStore>(std::uint16_t port, std::shared_ptr<Clock> clock)>
      open;
};

std::vector<StoreKind> store_kinds();
std::vector<ServerKind> server_kinds();

/// How gtest calls them.
inline void PrintTo(const StoreKind& kind, std::ostream* out) {
  *out << kind.name;
}
inline void PrintTo(const ServerKind& kind, std::ostream* out) {
  *out << kind.name;
}

/// What the suites do over and over.
class StoreTools {
 public:
  Deadline soon() const;
  /// Asks again and again, without a sleep, until it holds or twenty seconds are over.
  bool eventually(const std::function<bool()>& holds) const;
  Result<bool> put(SharedStore& store, const StoredName& name, const std::string& version,
                   std::string_view bytes,
                   std::chrono::milliseconds life = std::chrono::minutes(10)) const;
  SharedStore::Found get(SharedStore& store, const StoredName& name) const;
  /// "nothing" where nothing is, "error …" where it failed, else the bytes.
  std::string text(SharedStore& store, const StoredName& name) const;
  std::string version(SharedStore& store, const StoredName& name) const;

  const std::shared_ptr<Clock> clock = make_system_clock();
};

}  // namespace valetkey::contract
