// SPDX-License-Identifier: Apache-2.0
#include "cli/narrator.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "valetkey/time.h"

namespace valetkey::cli {
namespace {

constexpr auto reading_time = std::chrono::milliseconds(900);

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3)
    text.insert(at - 3, 1, ' ');
  return text;
}

boost::json::object& Narrator::current() {
  return told_.back().as_object();
}

void Narrator::pause() {
  if (telling_ != Telling::paced) return;
  const auto clock = make_system_clock();
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  const Instant until = clock->now() + reading_time;
  while (clock->now() < until)
    clock->wait(nobody, lock, until);
}

void Narrator::scene(const std::string& name, std::string_view title) {
  if (scenes_++ != 0) pause();
  boost::json::object told;
  told["scene"] = name;
  told["kept"] = true;
  told["figures"] = boost::json::object();
  told_.push_back(std::move(told));
  if (telling_ == Telling::json) return;
  const std::string heading = std::to_string(scenes_) + ". " + std::string(title);
  console_.write("\n" + console_.coloured(heading, Colour::bold) + "\n");
}

void Narrator::say(std::string_view text) {
  if (telling_ != Telling::json) console_.write("   " + std::string(text) + "\n");
}

void Narrator::figure(const std::string& name, std::uint64_t value, std::string_view text) {
  current()["figures"].as_object()[name] = value;
  if (telling_ == Telling::json) return;
  const std::string number = grouped(value);
  const std::string space(number.size() < 12 ? 12 - number.size() : 0, ' ');
  console_.write("   " + space + console_.coloured(number, Colour::bold) + "  " +
                 std::string(text) + "\n");
}

bool Narrator::promise(bool kept, std::string_view text) {
  if (!kept) {
    ++broken_;
    current()["kept"] = false;
  }
  if (telling_ != Telling::json) {
    console_.write("   " +
                   (kept ? console_.coloured("✓", Colour::green)
                         : console_.coloured("✗ NOT SO:", Colour::red)) +
                   " " + std::string(text) + "\n");
  }
  return kept;
}

void Narrator::close() {
  if (telling_ != Telling::json) return;
  boost::json::object all;
  all["kept"] = all_kept();
  all["scenes"] = std::move(told_);
  console_.write(boost::json::serialize(all) + "\n");
}

}  // namespace valetkey::cli
