// SPDX-License-Identifier: Apache-2.0
#include "valetkey/process.h"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>  // explicit_bzero
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

#include "base/secret_memory.h"

// The HTTP and TLS libraries hold copies of what passes through them: request bodies, header lines,
// record buffers. They let a program choose their allocators; these wipe what is freed.

namespace valetkey {
namespace {

void* wiping_malloc(std::size_t size) {
  return std::malloc(size);
}

void wiping_free(void* block) {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

void* wiping_realloc(void* block, std::size_t size) {
  if (block == nullptr) return std::malloc(size);
  if (size == 0) {
    wiping_free(block);
    return nullptr;
  }
  const std::size_t held = malloc_usable_size(block);
  if (size <= held && size >= held / 2) return block;
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, size < held ? size : held);
  wiping_free(block);
  return moved;
}

void* wiping_calloc(std::size_t count, std::size_t size) {
  return std::calloc(count, size);
}

char* wiping_strdup(const char* text) {
  const std::size_t size = std::strlen(text) + 1;
  void* const copy = std::malloc(size);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, size));
}

void* openssl_malloc(std::size_t size, const char*, int) {
  return wiping_malloc(size);
}
void* openssl_realloc(void* block, std::size_t size, const char*, int) {
  return wiping_realloc(block, size);
}
void openssl_free(void* block, const char*, int) {
  wiping_free(block);
}

}  // namespace

void harden_process() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // As much as this process may have of what may be kept out of swap.
  rlimit lockable{};
  if (getrlimit(RLIMIT_MEMLOCK, &lockable) == 0 && lockable.rlim_cur < lockable.rlim_max) {
    lockable.rlim_cur = lockable.rlim_max;
    setrlimit(RLIMIT_MEMLOCK, &lockable);
  }
  // Each refuses once it has allocated; then it goes on unwiped, which is no worse than before.
  CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
  // Where OpenSSL keeps the numbers of private keys: locked, and left out of core dumps.
  CRYPTO_secure_malloc_init(std::size_t{128} * 1024, 32);
  curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                       wiping_strdup, wiping_calloc);
}

bool secrets_are_kept_out_of_swap() {
  return base::secret_memory_is_locked();
}

}  // namespace valetkey
