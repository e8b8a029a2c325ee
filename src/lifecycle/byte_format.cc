// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/byte_format.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/limits.h"

namespace valetkey::lifecycle {
namespace {

constexpr std::size_t number_bytes = 8;

}  // namespace

void ByteWriter::put(std::uint64_t number) {
  std::array<char, number_bytes> bytes{};
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
    *at = static_cast<char>(number & 0xFFU);
    number >>= 8U;
  }
  built_.append(std::string_view(bytes.data(), bytes.size()));
}

void ByteWriter::put(std::string_view text) {
  put(std::uint64_t{text.size()});
  built_.append(text);
}

void ByteWriter::put(const Secret& secret) {
  put(std::uint64_t{secret.size()});
  built_.append(secret);
}

// Unsigned, so that the sum may wrap around and comes back the same.
void ByteWriter::put(Instant instant) {
  put(static_cast<std::uint64_t>(instant.time_since_epoch().count()) +
      static_cast<std::uint64_t>(offset_.count()));
}

std::uint64_t ByteReader::number() {
  if (broken_ || rest_.size() < number_bytes) {
    broken_ = true;
    return 0;
  }
  std::uint64_t number = 0;
  for (const char byte : rest_.substr(0, number_bytes)) {
    number = (number << 8U) | static_cast<unsigned char>(byte);
  }
  rest_.remove_prefix(number_bytes);
  return number;
}

std::string_view ByteReader::text(std::size_t bytes_max) {
  const std::size_t size = count(bytes_max);
  if (broken_ || rest_.size() < size) {
    broken_ = true;
    return {};
  }
  const auto text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

Instant ByteReader::instant() {
  // A century to either side is as far as any time here may lie; what is computed from it later
  // must not overflow.
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 3;
  const auto since_epoch =
      static_cast<std::int64_t>(number() - static_cast<std::uint64_t>(offset_.count()));
  if (since_epoch > most || since_epoch < -most) broken_ = true;
  return broken_ ? Instant{} : Instant(std::chrono::nanoseconds(since_epoch));
}

Fingerprint ByteReader::fingerprint() {
  const auto hex = text(Fingerprint::digits);
  const auto is_hex = [](char one) {
    return (one >= '0' && one <= '9') || (one >= 'a' && one <= 'f');
  };
  if (hex.size() != Fingerprint::digits || !std::all_of(hex.begin(), hex.end(), is_hex)) {
    broken_ = true;
    return {};
  }
  return Fingerprint(hex);
}

bool ByteReader::flag() {
  return count(1) == 1;
}

std::size_t ByteReader::count(std::size_t max) {
  const std::uint64_t read = number();
  if (read > max) broken_ = true;
  return broken_ ? 0 : static_cast<std::size_t>(read);
}

void put_subject(ByteWriter& to, const Subject& subject) {
  to.put(std::uint64_t{std::to_underlying(subject.type)});
  to.put(subject.id);
}

Subject read_subject(ByteReader& from) {
  Subject subject;
  subject.type = static_cast<SubjectType>(from.count(std::to_underlying(SubjectType::user)));
  subject.id = from.text(base::subject_id_bytes_max);
  return subject;
}

}  // namespace valetkey::lifecycle
