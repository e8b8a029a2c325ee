// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells a story of numbered scenes with figures in them, and remembers whether each was as
// promised.

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/console.h"

namespace valetkey::cli {

enum class Telling { plain, paced, json };

/// Thousands apart, for people: 10 000.
[[nodiscard]] std::string grouped(std::uint64_t number);

class Narrator {
 public:
  Narrator(Console& console, Telling telling) : console_(console), telling_(telling) {}

  /// `name` is for programs, `title` for people.
  void scene(const std::string& name, std::string_view title);
  void say(std::string_view text);
  void figure(const std::string& name, std::uint64_t value, std::string_view text);
  /// A promise of this scene. Returns `kept`.
  bool promise(bool kept, std::string_view text);

  [[nodiscard]] bool all_kept() const { return broken_ == 0; }
  /// The figures as JSON, where that is wanted.
  void close();

 private:
  void pause();
  boost::json::object& current();

  Console& console_;
  Telling telling_;
  unsigned scenes_ = 0;
  unsigned broken_ = 0;
  boost::json::array told_{};
};

}  // namespace valetkey::cli
