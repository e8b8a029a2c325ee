// SPDX-License-Identifier: Apache-2.0
#include "contract/store_kinds.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "cache/memcached_store.h"
#include "cache/redis_store.h"
#include "cache/sealed_store.h"
#include "support/memory_store.h"

namespace valetkey::contract {
namespace {

using namespace std::chrono_literals;
using support::RealServer;

class MemoryStage final : public StoreStage {
 public:
  explicit MemoryStage(std::size_t copies) : copies_(copies) {}

  std::shared_ptr<SharedStore> open(std::shared_ptr<Clock> clock) override {
    if (!store_) store_ = std::make_shared<support::MemoryStore>(std::move(clock), copies_);
    return store_;
  }
  void flush() override { store_->flush(); }
  void lose_one() override { store_->lose(copies_ - 1); }

 private:
  const std::size_t copies_;
  std::shared_ptr<support::MemoryStore> store_;
};

cache::RedisOptions redis_options(std::uint16_t port, std::string path,
                                  std::shared_ptr<Clock> clock) {
  // The machine may be busy with other tests, and these are not about the timeout.
  return {.port = port, .unix_path = std::move(path), .clock = std::move(clock), .timeout = 5s};
}

cache::MemcachedServer address_of(const RealServer& server) {
  if (!server.socket_path().empty()) return {.path = server.socket_path()};
  return {.host = "127.0.0.1", .port = server.port()};
}

class MemcachedStage final : public StoreStage {
 public:
  MemcachedStage(std::size_t servers, RealServer::Listens listens) {
    for (std::size_t each = 0; each < servers; ++each)
      servers_.push_back(std::make_unique<RealServer>(RealServer::Kind::memcached, listens));
  }

  std::shared_ptr<SharedStore> open(std::shared_ptr<Clock> clock) override {
    cache::MemcachedOptions options{.clock = std::move(clock), .timeout = 5s};
    for (const auto& server : servers_)
      options.servers.push_back(address_of(*server));
    return cache::make_memcached_store(std::move(options));
  }
  void flush() override {
    for (const auto& server : servers_)
      server->flush();
  }
  void lose_one() override { servers_.front()->kill(); }

 private:
  std::vector<std::unique_ptr<RealServer>> servers_;
};

StoreKind memcached(std::string name, std::size_t servers, RealServer::Listens listens) {
  return {.name = std::move(name),
          .make_stage = [=] { return std::make_unique<MemcachedStage>(servers, listens); },
          .of_several_servers = servers > 1};
}

std::shared_ptr<SharedStore> open_memcached(std::uint16_t port, std::shared_ptr<Clock> clock) {
  return cache::make_memcached_store(
      {.servers = {{.host = "127.0.0.1", .port = port}}, .clock = std::move(clock)});
}

class RedisStage final : public StoreStage {
 public:
  explicit RedisStage(RealServer::Listens listens) : server_(RealServer::Kind::redis, listens) {}

  std::shared_ptr<SharedStore> open(std::shared_ptr<Clock> clock) override {
    return cache::make_redis_store(
        redis_options(server_.port(), server_.socket_path(), std::move(clock)));
  }
  void flush() override { server_.flush(); }
  void lose_one() override { server_.kill(); }

 private:
  RealServer server_;
};

/// Another stage's stores, sealed.
class SealedStage final : public StoreStage {
 public:
  SealedStage(std::unique_ptr<StoreStage> inner, std::string_view keys)
      : inner_(std::move(inner)), keys_(keys) {}

  std::shared_ptr<SharedStore> open(std::shared_ptr<Clock> clock) override {
    std::vector<crypto::SealingKey> keys;
    for (const char letter : keys_) {
      const Secret master(std::string(crypto::master_key_bytes, letter));
      keys.push_back(crypto::SealingKey::derive(master));
    }
    return std::make_shared<cache::SealedStore>(
        inner_->open(std::move(clock)), std::make_shared<const crypto::KeyRing>(std::move(keys)));
  }
  void flush() override { inner_->flush(); }
  void lose_one() override { inner_->lose_one(); }

 private:
  const std::unique_ptr<StoreStage> inner_;
  const std::string keys_;
};

StoreKind sealed(std::string name, std::string keys, StoreKind inner) {
  return {std::move(name),
          [keys = std::move(keys), make_inner = std::move(inner.make_stage)] {
            return std::make_unique<SealedStage>(make_inner(), keys);
          },
          inner.of_several_servers};
}

std::vector<StoreKind> plain_kinds() {
  return {
      {"RedisPort", [] { return std::make_unique<RedisStage>(RealServer::Listens::port); }},
      {"RedisSocket",
       [] { return std::make_unique<RedisStage>(RealServer::Listens::unix_socket); }},
      {"Memory", [] { return std::make_unique<MemoryStage>(1); }},
      {"MemoryOfThree", [] { return std::make_unique<MemoryStage>(3); }, true},
      memcached("Memcached", 1, RealServer::Listens::port),
      memcached("MemcachedSocket", 1, RealServer::Listens::unix_socket),
      memcached("MemcachedOfThree", 3, RealServer::Listens::port),
  };
}

}  // namespace

std::vector<StoreKind> store_kinds() {
  auto kinds = plain_kinds();
  for (const auto& plain : plain_kinds()) {
    kinds.push_back(sealed("Sealed" + plain.name, "k", plain));
    if (plain.name.contains("Of") || plain.name.contains("Socket")) continue;
    // With two keys each miss is a second question, and there are twice as many copies.
    kinds.push_back(sealed("SealedByTwo" + plain.name, "kl", plain));
  }
  return kinds;
}

std::vector<ServerKind> server_kinds() {
  return {
      {"Redis", RealServer::Kind::redis,
       [](std::uint16_t port, std::shared_ptr<Clock> clock) {
         return cache::make_redis_store({.port = port, .clock = std::move(clock)});
       }},
      {"Memcached", RealServer::Kind::memcached, open_memcached},
  };
}

Deadline StoreTools::soon() const {
  return Deadline{clock->now() + 5s};
}

bool StoreTools::eventually(const std::function<bool()>& holds) const {
  const Deadline patience{clock->now() + 20s};
  std::mutex mutex;
  std::condition_variable never;
  for (;;) {
    if (holds()) return true;
    const Instant now = clock->now();
    if (patience.passed(now)) return false;
    std::unique_lock lock(mutex);
    clock->wait(never, lock, now + 20ms);
  }
}

Result<bool> StoreTools::put(SharedStore& store, const StoredName& name, const std::string& version,
                             std::string_view bytes, std::chrono::milliseconds life) const {
  return store.put(name, version, Secret(bytes), life, soon());
}

SharedStore::Found StoreTools::get(SharedStore& store, const StoredName& name) const {
  auto found = store.get({name}, soon());
  if (found.size() != 1) return fail(Errc::malformed_response, "not one answer for one name");
  return std::move(found.front());
}

std::string StoreTools::text(SharedStore& store, const StoredName& name) const {
  const auto found = get(store, name);
  if (!found) return "error " + std::string(name_of(found.error().code));
  if (!*found) return "nothing";
  return (*found)->bytes.reveal([](std::string_view bytes) { return std::string(bytes); });
}

std::string StoreTools::version(SharedStore& store, const StoredName& name) const {
  const auto found = get(store, name);
  return found && *found ? (*found)->version : std::string();
}

}  // namespace valetkey::contract
