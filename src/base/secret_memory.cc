// SPDX-License-Identifier: Apache-2.0
#include "base/secret_memory.h"

#include <string.h>  // explicit_bzero
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/guarded.h"
#include "base/log.h"

// A slab allocator of its own, because what malloc hands out cannot be left out of a core dump:
// MADV_DONTDUMP and mlock work on whole pages. Blocks of one size come from one slab; a freed block
// is wiped and chained into its size's list. Blocks over `block_bytes_max` get pages of their own.

namespace valetkey::base {
namespace {

constexpr std::size_t granule_bytes = 32;
constexpr std::size_t block_bytes_max = 4096;
constexpr std::size_t slab_bytes = 64 * 1024;
constexpr std::size_t page_bytes = 4096;

struct FreeBlock {
  FreeBlock* next;
};

struct Slabs {
  std::array<FreeBlock*, block_bytes_max / granule_bytes> free{};
  std::array<char*, block_bytes_max / granule_bytes> cursor{};  ///< unused rest of the newest slab
  std::array<char*, block_bytes_max / granule_bytes> limit{};
};

constinit Guarded<Slabs> slabs;
constinit std::atomic<bool> all_locked{true};
constinit std::atomic<bool> refusal_told{false};

char* map_pages(std::size_t bytes) noexcept {
  void* const pages =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) {
    std::fputs("valetkey: out of memory for secrets\n", stderr);
    std::abort();
  }
  madvise(pages, bytes, MADV_DONTDUMP);
  if (mlock(pages, bytes) != 0) all_locked.store(false, std::memory_order_relaxed);
  return static_cast<char*>(pages);
}

constexpr std::size_t rounded(std::size_t size, std::size_t step) noexcept {
  return (size + step - 1) / step * step;
}

char* take_block(Slabs& state, std::size_t size) noexcept {
  const std::size_t index = (size - 1) / granule_bytes;
  if (FreeBlock* const block = state.free[index]) {
    state.free[index] = block->next;
    block->next = nullptr;
    return static_cast<char*>(static_cast<void*>(block));
  }
  const std::size_t block_bytes = (index + 1) * granule_bytes;
  if (state.cursor[index] == nullptr || state.cursor[index] + block_bytes > state.limit[index]) {
    state.cursor[index] = map_pages(slab_bytes);
    state.limit[index] = state.cursor[index] + slab_bytes;
  }
  char* const block = state.cursor[index];
  state.cursor[index] += block_bytes;
  return block;
}

void tell_refusal_once() {
  if (all_locked.load(std::memory_order_relaxed)) return;
  if (refusal_told.exchange(true, std::memory_order_relaxed)) return;
  log(LogLevel::debug,
      "the kernel refuses to lock secret memory, so it may reach swap; raise RLIMIT_MEMLOCK "
      "(systemd: LimitMEMLOCK=)");
}

}  // namespace

char* allocate_secret(std::size_t size) {
  if (size == 0) return nullptr;
  char* const block = size > block_bytes_max
                          ? map_pages(rounded(size, page_bytes))
                          : slabs.with([size](Slabs& state) { return take_block(state, size); });
  tell_refusal_once();
  return block;
}

void release_secret(char* data, std::size_t size) noexcept {
  if (data == nullptr || size == 0) return;
  explicit_bzero(data, size);
  if (size > block_bytes_max) {
    munmap(data, rounded(size, page_bytes));
    return;
  }
  slabs.with([data, size](Slabs& state) {
    const std::size_t index = (size - 1) / granule_bytes;
    auto* const block = static_cast<FreeBlock*>(static_cast<void*>(data));
    block->next = state.free[index];
    state.free[index] = block;
  });
}

bool secret_memory_is_locked() noexcept {
  return all_locked.load(std::memory_order_relaxed);
}

}  // namespace valetkey::base
