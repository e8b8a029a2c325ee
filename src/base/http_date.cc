// SPDX-License-Identifier: Apache-2.0
#include "base/http_date.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace valetkey::base {
namespace {

constexpr std::array<std::string_view, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                      "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int year_min = 1678;  // what nanoseconds in 64 bits can say
constexpr int year_max = 2261;
constexpr std::chrono::seconds retry_after_max = std::chrono::hours(24);

struct Fields {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

/// Reads `text` against a pattern: Y y D h m s are fields, `b` the name of a month, `_` a digit of
/// the day or a space; anything else stands for itself.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  bool read(std::string_view pattern) {
    return std::all_of(pattern.begin(), pattern.end(), [this](char kind) { return step(kind); }) &&
           rest_.empty();
  }
  const Fields& fields() const { return fields_; }

 private:
  bool step(char kind) {
    switch (kind) {
      case 'Y':
        return digits(4, fields_.year);
      case 'y':
        return short_year();
      case 'b':
        return month();
      case 'D':
        return digits(2, fields_.day);
      case '_':
        return padded_day();
      case 'h':
        return digits(2, fields_.hour);
      case 'm':
        return digits(2, fields_.minute);
      case 's':
        return digits(2, fields_.second);
      default:
        return literal(kind);
    }
  }

  template <class Number>
  bool digits(std::size_t count, Number& to) {
    const auto piece = rest_.substr(0, count);
    if (piece.size() != count || !all_digits(piece)) return false;
    rest_.remove_prefix(count);
    to = parse_number<Number>(piece).value_or(Number{});
    return true;
  }

  // RFC 9110 §5.6.7 asks for the century nearest to now; a date of this protocol is of our own
  // time, so RFC 6265 §5.1.1's fixed turning point does and needs no clock.
  bool short_year() {
    int year = 0;
    if (!digits(2, year)) return false;
    fields_.year = year + (year >= 70 ? 1900 : 2000);
    return true;
  }

  bool padded_day() {
    if (!rest_.starts_with(' ')) return digits(2, fields_.day);
    rest_.remove_prefix(1);
    return digits(1, fields_.day);
  }

  bool month() {
    const auto* const found = std::find(months.begin(), months.end(), rest_.substr(0, 3));
    if (found == months.end()) return false;
    fields_.month = static_cast<unsigned>(found - months.begin()) + 1;
    rest_.remove_prefix(3);
    return true;
  }

  bool literal(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  Fields fields_;
};

std::optional<WallTime> time_of(const Fields& fields) {
  using namespace std::chrono;
  const auto date = year(fields.year) / month(fields.month) / day(fields.day);
  // RFC 9110 §5.6.7: second may be 60, for a leap second.
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) {
    return std::nullopt;
  }
  const auto held = year(std::clamp(fields.year, year_min, year_max)) / date.month() / date.day();
  const sys_days midnight =
      held.ok() ? sys_days(held) : sys_days(held.year() / held.month() / last);
  return WallTime(midnight) + hours(fields.hour) + minutes(fields.minute) + seconds(fields.second);
}

std::string padded(long long number, std::size_t width) {
  std::string text = std::to_string(number);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

struct Moment {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Moment moment_of(WallTime when) {
  const auto midnight = std::chrono::floor<std::chrono::days>(when);
  return {std::chrono::year_month_day(midnight), std::chrono::weekday(midnight),
          std::chrono::hh_mm_ss(std::chrono::floor<std::chrono::seconds>(when - midnight))};
}

std::string text_of(const std::chrono::hh_mm_ss<std::chrono::seconds>& time) {
  return padded(time.hours().count(), 2) + ":" + padded(time.minutes().count(), 2) + ":" +
         padded(time.seconds().count(), 2);
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
  text = trimmed(text);
  for (const auto weekday : weekdays) {
    const auto short_name = weekday.substr(0, 3);
    if (!text.starts_with(short_name)) continue;
    const auto after_short = text.substr(short_name.size());
    const auto after_long = text.substr(text.starts_with(weekday) ? weekday.size() : text.size());
    for (const auto& [rest, pattern] : {std::pair(after_short, ", D b Y h:m:s GMT"),  // IMF-fixdate
                                        std::pair(after_long, ", D-b-y h:m:s GMT"),   // RFC 850
                                        std::pair(after_short, " b _ h:m:s Y")}) {    // asctime
      DateReader reader(rest);
      if (reader.read(pattern)) return time_of(reader.fields());
    }
  }
  return std::nullopt;
}

std::string format_http_date(WallTime when) {
  const auto moment = moment_of(when);
  std::string text(weekdays[moment.weekday.c_encoding()].substr(0, 3));
  text += ", " + padded(static_cast<unsigned>(moment.date.day()), 2) + " ";
  text += months[static_cast<unsigned>(moment.date.month()) - 1];
  text += " " + padded(static_cast<int>(moment.date.year()), 4);
  text += " " + text_of(moment.time) + " GMT";
  return text;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now) {
  text = trimmed(text);
  if (all_digits(text)) {
    const auto count = parse_number(text).value_or(retry_after_max.count());
    return std::min(std::chrono::seconds(count), retry_after_max);
  }
  const auto when = parse_http_date(text);
  if (!when) return std::nullopt;
  if (*when <= now) return std::chrono::seconds(0);
  return std::min(std::chrono::ceil<std::chrono::seconds>(*when - now), retry_after_max);
}

std::string format_rfc3339(WallTime when) {
  const auto moment = moment_of(when);
  return padded(static_cast<int>(moment.date.year()), 4) + "-" +
         padded(static_cast<unsigned>(moment.date.month()), 2) + "-" +
         padded(static_cast<unsigned>(moment.date.day()), 2) + "T" + text_of(moment.time) + "Z";
}

}  // namespace valetkey::base
