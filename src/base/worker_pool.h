// SPDX-License-Identifier: Apache-2.0
#pragma once
// Threads for work that blocks and belongs to no caller.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace valetkey::base {

/// Runs work elsewhere. Threads: any.
class Executor {
 public:
  virtual ~Executor() = default;
  /// False: shutting down, or no thread is to be had; the work will not run.
  virtual bool post(std::move_only_function<void()> work) = 0;
};

/// Starts a thread whenever work waits and all are busy, up to `threads_max`; keeps them.
class WorkerPool final : public Executor {
 public:
  explicit WorkerPool(std::size_t threads_max) : threads_max_(threads_max) {}
  /// Runs what is queued, then joins. Blocks: until the work in hand is done.
  ~WorkerPool() override { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool post(std::move_only_function<void()> work) override;
  /// Must not be called by work of this pool.
  void stop();

 private:
  void run();

  const std::size_t threads_max_;
  std::mutex mutex_;  // guards everything below; a Guarded cannot wait on a condition
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace valetkey::base
