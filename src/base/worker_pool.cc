// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.h"

#include <system_error>
#include <utility>

namespace valetkey::base {

bool WorkerPool::post(std::move_only_function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  queue_.push_back(std::move(work));
  if (idle_ < queue_.size() && threads_.size() < threads_max_) {
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // The machine has no thread left. Those that there are will come to it; without any, nobody.
      if (threads_.empty()) {
        queue_.pop_back();
        return false;
      }
    }
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

void WorkerPool::stop() {
  std::vector<std::thread> joining;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    joining.swap(threads_);
  }
  changed_.notify_all();
  for (auto& thread : joining)
    thread.join();
}

}  // namespace valetkey::base
