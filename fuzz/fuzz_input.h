// SPDX-License-Identifier: Apache-2.0
#pragma once
// How fuzz targets take their input apart, and what holds of every error.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "valetkey/error.h"
#include "valetkey/http.h"
#include "valetkey/secret.h"

namespace valetkey::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(static_cast<const char*>(static_cast<const void*>(data)), size) {}

  unsigned byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  std::string_view line() {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }
  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// An answer: three lines (status, Date or Retry-After or WWW-Authenticate by name), then the body.
inline HttpResponse answer_in(Input& input, int status) {
  HttpResponse response;
  response.status = status;
  for (const auto* const name : {"Date", "Retry-After", "WWW-Authenticate"}) {
    response.headers.push_back({name, std::string(input.line())});
  }
  response.body = Secret(input.rest());
  response.requested_at = Instant(std::chrono::hours(1000));
  response.answered_at_wall = WallTime(std::chrono::seconds(1'800'000'000));
  return response;
}

/// Rule F3: our words, a hint, and of the server's words only what is fit to print.
inline void check_error(const Error& error) {
  const auto is_printable = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char letter) { return letter >= ' ' && letter <= '~'; });
  };
  VALETKEY_ASSERT(!error.context.empty() && error.context.size() < 1000);
  VALETKEY_ASSERT(!error.hint.empty());
  VALETKEY_ASSERT(is_printable(error.context) && is_printable(error.server_text));
  VALETKEY_ASSERT(error.server_text.size() <= 203);
  VALETKEY_ASSERT(!error.retry_after || (error.retry_after->count() >= 0 &&
                                         *error.retry_after <= std::chrono::hours(24)));
}

/// What was read is written back the same.
inline bool is_same(const Secret& written, const Secret& read) {
  return written.reveal([&](std::string_view one) {
    return read.reveal([one](auto other) { return one == other; });
  });
}

}  // namespace valetkey::fuzz
