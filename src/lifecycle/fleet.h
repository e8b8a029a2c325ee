// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many processes as one client: who fetches, what was fetched, what was revoked (rules C5, C8, R3).

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/stopper.h"
#include "lifecycle/plan.h"
#include "lifecycle/revocation_log.h"
#include "lifecycle/shared_record.h"
#include "valetkey/shared_store.h"
#include "valetkey/status.h"

// While the cache servers answer, a key's record decides: a flight of this process boards, and is
// told to serve, to wait, to fail or to fetch. When they do not, each process is its own fleet. A
// token held in memory may be served for a second after the last look into the log of revocations;
// a thread of its own looks often enough that no caller ever does, and whoever wakes from a long
// sleep looks before he serves.

namespace valetkey::lifecycle {

/// The process's side of the fleet: what it does about what others did.
class FleetMember {
 public:
  virtual ~FleetMember() = default;
  /// What others revoked; the same revocation may be told of again. Threads: any.
  virtual void learn(const std::vector<LearntRevocation>& news) = 0;
  /// Whether a token that lay in the shared cache was revoked meanwhile.
  [[nodiscard]] virtual bool is_withdrawn(const AccessToken& token, const Plan& plan,
                                          const std::optional<LogPosition>& position) = 0;
  /// The shared cache was emptied: what is held here may be offered to it again.
  virtual void offer_held() = 0;
};

struct FleetOptions {
  CachePolicy policy{};
  std::chrono::nanoseconds lease = std::chrono::seconds(35);  ///< longer than any fetch may take
  std::chrono::nanoseconds question_time = std::chrono::seconds(1);  ///< of one to the servers
  std::chrono::nanoseconds look_interval = std::chrono::milliseconds(900);
  std::chrono::nanoseconds horizon = std::chrono::seconds(1);  ///< how long a look is good for
};

/// What the fleet works with; what is not owned outlives it.
struct FleetParts {
  std::shared_ptr<Clock> clock;        // shared with the client
  std::shared_ptr<SharedStore> store;  // shared with the client
  std::shared_ptr<SharedBell> bell;    // shared with the client; may be absent
  std::function<double()> jitter;
  std::function<std::string()> make_id;  ///< each one new in the world
  std::string self;                      ///< this process; no other has it
  /// Whether a lease's owner is a process of this machine that has ended: then nobody need wait
  /// until its lease runs out.
  std::function<bool(std::string_view owner)> is_gone;
};

/// Threads: any. No lock is held across a question to the servers.
class Fleet final {
 public:
  /// What a flight is told, and what it must bring back.
  struct Seat {
    BoardingStep step = BoardingStep::fetch;
    bool is_alone = false;                  ///< the servers are away: fetch, and tell nobody
    std::string owner{};                    ///< `fetch`: by what name we hold the lease
    std::uint64_t lease = 0;                ///< `fetch`: to be ended by land or give_back
    std::optional<LogPosition> position{};  ///< `fetch`: what was known before
    std::optional<CachedToken> token{};     ///< to serve; with `fetch`, what is there meanwhile
    std::optional<LogPosition> token_position{};
    std::optional<SharedFailure> failure{};
  };
  enum class Landing : std::uint8_t {
    shared,      ///< every process can have it
    alone,       ///< the servers did not take it; it is good here
    superseded,  ///< our lease had run out, and others went on without us
    withdrawn,   ///< `keep` refused it
  };
  struct Landed {
    Landing how = Landing::alone;
    std::optional<CachedToken> instead{};  ///< `superseded`: what the others have
    std::optional<LogPosition> position{};
  };

  Fleet(FleetParts parts, FleetOptions options);
  ~Fleet() { stop(); }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Looks, and begins to watch. `member` outlives `stop`. Blocks: a round trip.
  void start(FleetMember& member);
  /// Blocks: until the question in the air is answered.
  void stop();

  /// Asks the key's record what to do, and waits while others fetch. Blocks: network, and at most
  /// a lease's length or two.
  [[nodiscard]] Seat board(const Plan& plan, const Wish& wish);
  /// Hands over what the lease of `seat` was for. `keep` is called once, after everything that was
  /// revoked until now is known here, and says whether the token may be kept.
  [[nodiscard]] Landed land(const Plan& plan, const Seat& seat, const CachedToken& token,
                            const std::function<bool()>& keep);
  /// Ends the lease of `seat` without a token; a failure that the provider spoke is remembered, for
  /// whoever would prove himself with the same credentials.
  void give_back(const Plan& plan, const Seat& seat, const Error& error,
                 const std::string& credentials);
  /// Ends the lease of `seat`, which was for credentials: they need no trial for a while.
  void note_proven(const Plan& plan, const Seat& seat, std::chrono::nanoseconds for_how_long);

  /// Whether memory may be served at `now` without a look. One or two atomic loads.
  [[nodiscard]] bool is_current(Instant now) const noexcept;
  /// Looks, or waits for whoever looks already. Blocks: a round trip, if the servers are there, and
  /// at most until the deadline.
  void look(Deadline deadline);

  /// Tells every process. What cannot be delivered now is kept, and tried again.
  /// Blocks: network, and until the others have heard, at most until the deadline.
  /// False: no server has it yet.
  bool announce(Revocation revocation, Deadline deadline);
  [[nodiscard]] std::string new_id() const { return parts_.make_id(); }
  [[nodiscard]] std::optional<LogPosition> position() const { return log_.position(); }

  /// What the key's record holds; nothing where it cannot be read.
  [[nodiscard]] std::optional<CachedToken> find(const std::string& key);
  /// Takes the token out of its record, if it is the one with that fingerprint.
  void erase(const std::string& key, const Fingerprint& fingerprint);
  /// Puts a token that is held here into a record that has none, unless it was revoked meanwhile.
  /// `position` is of its fetcher: what is learnt of now is not taken for older than the token.
  void offer(const Plan& plan, const CachedToken& token,
             const std::optional<LogPosition>& position);

  [[nodiscard]] SharedCacheStatus status() const;

 private:
  struct Loaded {
    SharedRecord record;
    std::string version;
  };
  struct Held {
    std::string owner{};
    std::uint64_t number = 0;
    Instant renew_at{};
    bool is_over = false;  ///< whether the servers know is not certain
  };
  struct Unsent {
    Revocation revocation;
    std::vector<std::size_t> copies;
  };
  struct State {
    std::optional<ClockOffset> offset{};
    Instant offset_at{};
    std::map<std::string, Held> held;  ///< leases of ours, by key
    std::vector<Unsent> unsent;        ///< revocations that some server has not got
    std::vector<Revocation> own;       ///< what we revoked and is not over: to be written again
    std::size_t never_sent = 0;        ///< too many to be kept
    std::string last_error{};
  };

  [[nodiscard]] Deadline question_deadline() const;
  [[nodiscard]] Result<ClockOffset> offset();
  [[nodiscard]] Result<ClockOffset> measure_offset();
  [[nodiscard]] Result<Loaded> load(const std::string& key);
  [[nodiscard]] Result<bool> save(const std::string& key, const std::string& version,
                                  const SharedRecord& record);
  /// Loads, lets `change` change it, saves; again when somebody else was faster. `change` returns
  /// false when nothing is to be saved. Errors: as SharedStore; timed_out when others always win.
  [[nodiscard]] Result<void> update(const std::string& key,
                                    const std::function<bool(SharedRecord&)>& change);
  [[nodiscard]] bool is_good_for(const SharedRecord& record, const Plan& plan);
  void absorb(std::vector<SharedStore::Found> heads, ClockOffset offset, Instant asked_at);
  void look_now(Deadline deadline);
  void confirm(Instant asked_at);
  void note_away(const Error& error);
  void resend();
  void renew_leases();
  void write_again();
  void watch();
  [[nodiscard]] std::optional<Seat> try_board(const Plan& plan, const Wish& wish,
                                              bool holder_is_gone, std::string& holder);
  [[nodiscard]] Landed land_on(const Plan& plan, const Seat& seat, const CachedToken& token,
                               const std::function<bool()>& keep, bool& is_certain);
  void end_lease(const std::string& key, std::uint64_t number, bool is_certain);

  FleetParts parts_;
  const FleetOptions options_;
  RevocationLog log_;
  base::Stopper stopper_;
  FleetMember* member_ = nullptr;
  base::Guarded<State> state_;
  std::atomic<bool> away_{false};
  std::atomic<bool> must_write_again_{false};
  std::atomic<bool> refusal_told_{false};   ///< that a server would not take a token
  std::atomic<Instant::rep> confirmed_at_;  ///< when the last look that was answered was asked
  std::mutex looking_;                      // guards is_looking_; whoever looks holds no lock
  std::condition_variable has_looked_;
  bool is_looking_ = false;
  std::thread watcher_;
  std::thread offerer_;
  std::atomic<bool> is_offering_{false};

  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> waits_{0};
  std::atomic<std::uint64_t> taken_over_{0};
  std::atomic<std::uint64_t> refused_writes_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> learnt_{0};
};

}  // namespace valetkey::lifecycle
