// SPDX-License-Identifier: Apache-2.0
#include "valetkey/secret.h"

#include <algorithm>
#include <cstring>

#include "base/secret_memory.h"

namespace valetkey {

Secret::Secret(std::size_t size) : data_(base::allocate_secret(size)), size_(size) {}

Secret::Secret(std::string_view bytes) : Secret(bytes.size()) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

Secret::~Secret() {
  base::release_secret(data_, size_);
}

Secret Secret::clone() const {
  return Secret(std::string_view(data_, size_));
}

SecretBuilder::SecretBuilder(std::size_t capacity) {
  grow(capacity);
}

void SecretBuilder::grow(std::size_t capacity) {
  room_ = Secret::filled(capacity, [this](char* to, std::size_t) {
    room_.reveal([&](std::string_view held) {
      if (size_ != 0) std::memcpy(to, held.data(), size_);
    });
  });
}

SecretBuilder& SecretBuilder::append(std::string_view bytes) {
  if (bytes.empty()) return *this;
  if (size_ + bytes.size() > room_.size()) {
    grow(std::max<std::size_t>({64, room_.size() * 2, size_ + bytes.size()}));
  }
  room_.reveal([&](std::string_view held) {
    // The builder owns the room; the view is const only because Secret shows no other.
    std::memcpy(const_cast<char*>(held.data()) + size_, bytes.data(), bytes.size());
  });
  size_ += bytes.size();
  return *this;
}

SecretBuilder& SecretBuilder::append(const Secret& bytes) {
  bytes.reveal([this](std::string_view revealed) { append(revealed); });
  return *this;
}

Secret SecretBuilder::take() {
  Secret made =
      room_.reveal([this](std::string_view held) { return Secret(held.substr(0, size_)); });
  room_ = Secret();
  size_ = 0;
  return made;
}

}  // namespace valetkey
