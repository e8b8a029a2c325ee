// SPDX-License-Identifier: Apache-2.0
#pragma once
// curl handles, kept for their open connections.

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace valetkey::http {

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

/// One transfer at a time. The multi handle holds the connections and, unlike an easy handle alone,
/// can be woken from another thread.
struct CurlLine {
  std::unique_ptr<CURLM, MultiDeleter> multi{curl_multi_init()};
  std::unique_ptr<CURL, EasyDeleter> easy{curl_easy_init()};

  [[nodiscard]] bool usable() const noexcept { return multi && easy; }
};

/// The lines not in use, and those that are. Threads: any.
class CurlLines {
 public:
  explicit CurlLines(std::size_t idle_max) : idle_max_(idle_max) {}

  /// The line used last, because its connection is the likeliest to be open still.
  [[nodiscard]] CurlLine take();
  void give_back(CurlLine line);

  /// Whatever waits in a transfer looks up.
  void wake_all();

 private:
  struct State {
    std::vector<CurlLine> idle{};
    std::set<CURLM*> busy{};
  };

  const std::size_t idle_max_;
  base::Guarded<State> state_;
};

}  // namespace valetkey::http
