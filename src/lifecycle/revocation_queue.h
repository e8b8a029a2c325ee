// SPDX-License-Identifier: Apache-2.0
#pragma once
// Revocations on their way upstream: tried again until delivered or pointless (rule R4).

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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

/// What became of a revocation. `refused`: the provider will never take it, so it is not kept.
enum class DeliveryState : std::uint8_t { pending, delivered, ended, refused };

/// Threads: any.
class RevocationQueue {
 public:
  /// Shared by the queue and by whoever waits; read it through `await`.
  struct Delivery {
    DeliveryState state = DeliveryState::pending;
    bool is_stuck = false;  ///< failed in a way that waiting does not mend
    std::optional<Error> error{};
  };
  using DeliveryPtr = std::shared_ptr<Delivery>;

  RevocationQueue(Clock& clock, base::Executor& executor, TokenRevoker& revoker,
                  std::size_t parcels_max);
  ~RevocationQueue() { stop(); }
  RevocationQueue(const RevocationQueue&) = delete;
  RevocationQueue& operator=(const RevocationQueue&) = delete;

  /// Takes the token over; the first attempt starts at once.
  DeliveryPtr add(AccessToken token);

  /// Waits until none of these can change any more by waiting, at most until the deadline.
  /// Blocks: until then.
  [[nodiscard]] RevocationReport await(const std::vector<DeliveryPtr>& deliveries,
                                       Deadline deadline);

  [[nodiscard]] std::vector<PendingRevocation> pending() const;
  [[nodiscard]] std::uint64_t delivered() const;

  /// No attempt starts any more. Blocks: until the courier thread has ended.
  void stop();

 private:
  struct Parcel {
    AccessToken token;
    DeliveryPtr delivery;
    Instant end{};  ///< pointless from then on
    Instant next_at{};
    unsigned attempts = 0;
  };

  void run();
  void attempt(const Fingerprint& fingerprint);
  void settle(Parcel& parcel, const Result<void>& done, Instant now);
  [[nodiscard]] std::vector<Fingerprint> take_due(Instant now, Instant& wake_at);
  void schedule(const Fingerprint& fingerprint, const Parcel& parcel);
  void start_courier();

  Clock& clock_;
  base::Executor& executor_;
  TokenRevoker& revoker_;
  const std::size_t parcels_max_;

  mutable std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  std::unordered_map<Fingerprint, Parcel, FingerprintHash> parcels_;
  std::set<std::pair<Instant, Fingerprint>> due_;  ///< parcels that are not under way
  std::uint64_t delivered_ = 0;
  bool stopping_ = false;
  std::thread courier_;
};

}  // namespace valetkey::lifecycle
