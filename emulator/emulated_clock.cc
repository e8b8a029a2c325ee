// SPDX-License-Identifier: Apache-2.0
#include "emulator/emulated_clock.h"

#include <array>
#include <cstdio>

namespace valetkey::emulator {
namespace {

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Civil civil_of(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return {std::chrono::year_month_day(day), std::chrono::weekday(day),
          std::chrono::hh_mm_ss<std::chrono::seconds>(second - day)};
}

}  // namespace

EmulatedClock::EmulatedClock(std::shared_ptr<const Clock> machine)
    : machine_(std::move(machine)),
      started_(machine_->now()),
      wall_at_start_(machine_->wall_now()) {}

void EmulatedClock::reset() {
  advanced_ = std::chrono::seconds(0);
  skew_ = std::chrono::seconds(0);
  started_ = machine_->now();
  wall_at_start_ = machine_->wall_now();
}

std::string format_http_date(WallTime time) {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto civil = civil_of(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                days.at(civil.weekday.c_encoding()), unsigned{civil.date.day()},
                months.at(unsigned{civil.date.month()} - 1), int{civil.date.year()},
                static_cast<int>(civil.time.hours().count()),
                static_cast<int>(civil.time.minutes().count()),
                static_cast<int>(civil.time.seconds().count()));
  return text.data();
}

std::string format_timestamp(WallTime time) {
  const auto civil = civil_of(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d+00:00",
                int{civil.date.year()}, unsigned{civil.date.month()}, unsigned{civil.date.day()},
                static_cast<int>(civil.time.hours().count()),
                static_cast<int>(civil.time.minutes().count()),
                static_cast<int>(civil.time.seconds().count()));
  return text.data();
}

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace valetkey::emulator
