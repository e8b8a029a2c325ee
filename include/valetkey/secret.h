// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes that must not leak: wiped, never printed, never copied by accident.

#include <cstddef>
#include <string_view>
#include <utility>

namespace valetkey {

/// Owns secret bytes in memory that is kept out of core dumps and, as far as the kernel allows, out
/// of swap; wiped when it dies. Move-only; a copy is spelt `clone`. No `<<` and no `==`.
class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(data_, other.data_);  // `other` wipes what we held
    std::swap(size_, other.size_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Secret clone() const;

  /// SECURITY: every call is a place where the secret can leak. The view dies with `use`.
  template <class Use>
  decltype(auto) reveal(Use&& use) const {
    return std::forward<Use>(use)(std::string_view(data_, size_));
  }

  /// A secret of `size` zero bytes, handed to `fill` (char*, size) before anyone else sees it.
  template <class Fill>
  [[nodiscard]] static Secret filled(std::size_t size, Fill&& fill) {
    Secret made(size);
    std::forward<Fill>(fill)(made.data_, made.size_);
    return made;
  }

 private:
  explicit Secret(std::size_t size);

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Builds a secret piece by piece; what growth leaves behind is wiped.
class SecretBuilder {
 public:
  SecretBuilder() noexcept = default;
  explicit SecretBuilder(std::size_t capacity);
  SecretBuilder(SecretBuilder&& other) noexcept
      : room_(std::move(other.room_)), size_(std::exchange(other.size_, 0)) {}
  SecretBuilder& operator=(SecretBuilder&& other) noexcept {
    std::swap(room_, other.room_);  // `other` wipes what we held
    std::swap(size_, other.size_);
    return *this;
  }
  SecretBuilder(const SecretBuilder&) = delete;
  SecretBuilder& operator=(const SecretBuilder&) = delete;
  ~SecretBuilder() = default;

  SecretBuilder& append(std::string_view bytes);
  SecretBuilder& append(const Secret& bytes);
  SecretBuilder& append(char byte) { return append(std::string_view(&byte, 1)); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The bytes so far; the builder is empty afterwards.
  [[nodiscard]] Secret take();

 private:
  void grow(std::size_t capacity);

  Secret room_{};
  std::size_t size_ = 0;
};

}  // namespace valetkey
