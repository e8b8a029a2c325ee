// SPDX-License-Identifier: Apache-2.0
#pragma once
// Revocations on their way upstream: tried again until delivered or pointless (rule R4).

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/worker_pool.h"
#include "lifecycle/live_tokens.h"
#include "valetkey/error.h"
#include "valetkey/status.h"
#include "valetkey/token.h"

namespace valetkey::lifecycle {

/// Tells a provider that a token is withdrawn.
class TokenRevoker {
 public:
  virtual ~TokenRevoker() = default;
  /// Blocks: network. Threads: any.
  [[nodiscard]] virtual Result<void> revoke(const AccessToken& token, Deadline deadline) = 0;
};

/// Threads: any.
class RevocationQueue {
 public:
  RevocationQueue(Clock& clock, base::Executor& executor, TokenRevoker& revoker);
  ~RevocationQueue() { stop(); }
  RevocationQueue(const RevocationQueue&) = delete;
  RevocationQueue& operator=(const RevocationQueue&) = delete;

  /// Takes the token over; the first attempt starts at once.
  void add(AccessToken token);

  /// Waits until none of these is pending any more, at most until the deadline. Returns how many
  /// still are. Blocks: until then.
  [[nodiscard]] std::size_t await(const std::vector<Fingerprint>& fingerprints, Deadline deadline);

  [[nodiscard]] std::vector<PendingRevocation> pending() const;
  [[nodiscard]] std::uint64_t delivered() const;

  /// No attempt starts any more. Blocks: until the courier thread has ended.
  void stop();

 private:
  struct Parcel {
    AccessToken token;
    unsigned attempts = 0;
    bool under_way = false;
    Instant next_at{};
    std::string last_error{};
  };

  void run();
  void attempt(const Fingerprint& fingerprint);
  [[nodiscard]] std::vector<Fingerprint> take_due(Instant now, Instant& wake_at);
  void start_courier();

  Clock& clock_;
  base::Executor& executor_;
  TokenRevoker& revoker_;

  mutable std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  std::unordered_map<Fingerprint, Parcel, FingerprintHash> parcels_;
  std::uint64_t delivered_ = 0;
  bool stopping_ = false;
  std::thread courier_;
};

}  // namespace valetkey::lifecycle
