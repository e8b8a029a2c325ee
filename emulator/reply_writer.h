// SPDX-License-Identifier: Apache-2.0
#pragma once
// Turns a reply into the bytes that go out, piece by piece, with whatever fault it travels with.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "emulator/message.h"

namespace valetkey::emulator {

class ReplyWriter {
 public:
  /// `reply` outlives the writer. `head_only`: the request was a HEAD (RFC 9110 §9.3.2).
  ReplyWriter(const Reply& reply, const Delivery& delivery, bool head_only, bool keep_alive);

  /// The next bytes; empty at the end. Valid until the next call.
  [[nodiscard]] std::string_view next();
  /// How long to wait after the piece just given.
  [[nodiscard]] std::chrono::milliseconds pause() const { return pause_; }
  /// Whether the connection cannot be used again.
  [[nodiscard]] bool must_close() const { return must_close_; }

 private:
  void write_head(const Reply& reply, bool keep_alive, std::size_t body_bytes);

  std::string head_;
  std::string own_body_;  ///< when a fault replaces the reply's
  std::string_view body_{};
  std::string filler_;
  std::size_t filler_left_ = 0;
  std::size_t piece_bytes_ = std::size_t{256} * 1024;
  std::chrono::milliseconds pause_{0};
  std::chrono::milliseconds body_pause_{0};
  bool must_close_ = false;
  bool head_sent_ = false;
};

}  // namespace valetkey::emulator
