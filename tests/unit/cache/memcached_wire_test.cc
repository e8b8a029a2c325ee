// SPDX-License-Identifier: Apache-2.0
#include "cache/memcached_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/limits.h"

namespace valetkey::cache {
namespace {

using testing::HasSubstr;

/// Hands its bytes out a few at a time, then hangs up.
class Bytes final : public ByteSource {
 public:
  Bytes(std::string bytes, std::size_t at_once) : bytes_(std::move(bytes)), at_once_(at_once) {}

  Result<std::size_t> read_some(char* to, std::size_t room) override {
    const std::size_t count = std::min({room, at_once_, bytes_.size() - read_});
    if (count == 0) return fail(Errc::unreachable, "over");
    std::memcpy(to, bytes_.data() + read_, count);
    read_ += count;
    return count;
  }

 private:
  const std::string bytes_;
  const std::size_t at_once_;
  std::size_t read_ = 0;
};

/// "one=1#7 two=-" for what is found of the names, or the error.
std::string values_in(const std::string& answer, const std::vector<std::string_view>& names,
                      std::size_t at_once = 1 << 20) {
  Bytes bytes(answer, at_once);
  MemcachedReader reader(bytes);
  const auto values = reader.read_values(names);
  if (!values) return std::string(name_of(values.error().code));
  std::string text;
  for (std::size_t each = 0; each < names.size(); ++each) {
    text.append(each == 0 ? "" : " ").append(names[each]).append("=");
    const auto& value = (*values)[each];
    text += !value ? "-" : value->bytes.reveal([](auto view) {
      return std::string(view);
    }) + "#" + std::to_string(value->cas);
  }
  return text + (reader.has_leftover() ? " and more" : "");
}

Error error_in(const std::string& answer) {
  Bytes bytes(answer, 1 << 20);
  const auto stored = MemcachedReader(bytes).read_stored();
  return stored ? Error{.code = Errc::invalid_request, .context = "stored"} : stored.error();
}

TEST(MemcachedWire, AsksInTheProtocolsWords) {
  EXPECT_EQ(format_gets({"one", "two"}), "gets one two\r\n");
  EXPECT_EQ(format_store("one", 60, 5, std::nullopt), "add one 0 60 5\r\n");
  EXPECT_EQ(format_store("one", 60, 0, 17), "cas one 0 60 0 17\r\n");
}

TEST(MemcachedReader, ReadsValuesHoweverTheyArriveInPieces) {
  const std::string large(10'000, 'x');
  const std::string answer =
      "VALUE one 0 3 7\r\n\r\n1\r\nVALUE three 9 10000 18446744073709551615\r\n" + large +
      "\r\nVALUE four 0 0 8\r\n\r\nEND\r\n";
  for (const std::size_t at_once : {1U, 2U, 3U, 17U, 4096U, 65536U}) {
    EXPECT_EQ(values_in(answer, {"one", "two", "three", "four", "five"}, at_once),
              "one=\r\n1#7 two=- three=" + large + "#18446744073709551615 four=#8 five=-")
        << at_once;
  }
}

TEST(MemcachedReader, FindsNothingWhereNothingIs) {
  EXPECT_EQ(values_in("END\r\n", {"one"}), "one=-");
  EXPECT_EQ(values_in("END\r\n", {}), "");
}

TEST(MemcachedReader, AnswersANameThatIsAskedForTwice) {
  EXPECT_EQ(values_in("VALUE a 0 1 1\r\nx\r\nVALUE a 0 1 1\r\nx\r\nEND\r\n", {"a", "a"}),
            "a=x#1 a=x#1");
}

TEST(MemcachedReader, NoticesBytesThatNobodyAskedFor) {
  EXPECT_EQ(values_in("END\r\nEND\r\n", {"one"}), "one=- and more");
}

// Rule F2
TEST(MemcachedReader, RefusesWhatIsNoAnswer) {
  const std::vector<std::string> answers{
      "VALUE other 0 1 1\r\nx\r\nEND\r\n",  // another key's value
      "VALUE a 0 1 1\r\nx\r\nVALUE a 0 1 1\r\nx\r\nEND\r\n",
      "VALUE a 0 1\r\nx\r\nEND\r\n",  // no cas
      "VALUE a 0 1 1 1\r\nx\r\nEND\r\n",
      "VALUE a 0 -1 1\r\nx\r\nEND\r\n",
      "VALUE a 0 1x 1\r\nx\r\nEND\r\n",
      "VALUE a 0 99999999999999999999 1\r\nx\r\n",  // past 64 bits
      "VALUE a 0 4000000000 1\r\nx\r\n",
      "VALUE a 0 1 18446744073709551616\r\nx\r\nEND\r\n",
      "VALUE a 0 1 1\r\nxyEND\r\n",  // longer than it says
      "VALUE\r\nEND\r\n",
      "STORED\r\n",
      "ERROR\r\n",
      "\r\n",
      "+PONG\r\n",
      std::string(10'000, 'x'),
      std::string(10'000, '\0') + "\r\n",
  };
  for (const auto& answer : answers)
    EXPECT_EQ(values_in(answer, {"a"}), "malformed_response") << answer.substr(0, 60);
}

TEST(MemcachedReader, HandsOnTheEndOfItsSource) {
  for (const std::string answer : {"", "E", "END\r", "VALUE a 0 1 1\r\n", "VALUE a 0 1 1\r\nx\r\n"})
    EXPECT_EQ(values_in(answer, {"a"}), "unreachable") << answer;
}

// Rule R3
TEST(MemcachedReader, TakesNoErrorForNothingThere) {
  EXPECT_EQ(values_in("SERVER_ERROR out of memory writing get response\r\n", {"a"}), "exhausted");
  EXPECT_EQ(values_in("SERVER_ERROR temporary failure\r\n", {"a"}), "unreachable");
  EXPECT_EQ(values_in("CLIENT_ERROR unauthenticated\r\n", {"a"}), "access_denied");
  EXPECT_EQ(values_in("CLIENT_ERROR line too long\r\n", {"a"}), "malformed_response");
}

TEST(MemcachedReader, TellsWhetherAValueWasStored) {
  for (const auto& [answer, expected] :
       std::vector<std::pair<std::string, bool>>{{"STORED\r\n", true},
                                                 {"NOT_STORED\r\n", false},
                                                 {"EXISTS\r\n", false},
                                                 {"NOT_FOUND\r\n", false}}) {
    Bytes bytes(answer, 1);
    const auto stored = MemcachedReader(bytes).read_stored();
    ASSERT_TRUE(stored) << answer;
    EXPECT_EQ(*stored, expected) << answer;
  }
}

TEST(MemcachedReader, SaysWhatToDoAboutARefusal) {
  const auto large = error_in("SERVER_ERROR object too large for cache\r\n");
  EXPECT_EQ(large.code, Errc::exhausted);
  EXPECT_THAT(large.hint, HasSubstr("-I"));
  EXPECT_EQ(large.server_text, "SERVER_ERROR object too large for cache");
  const auto full = error_in("SERVER_ERROR out of memory storing object\r\n");
  EXPECT_EQ(full.code, Errc::exhausted);
  EXPECT_THAT(full.hint, HasSubstr("-m"));
  EXPECT_EQ(error_in("CLIENT_ERROR unauthenticated\r\n").code, Errc::access_denied);
  EXPECT_EQ(error_in("END\r\n").code, Errc::malformed_response);
  EXPECT_EQ(error_in("VALUE a 0 1 1\r\n").code, Errc::malformed_response);
}

// Rule F3
TEST(MemcachedReader, RepeatsTheServersWordsOfAnErrorShortAndPrintable) {
  const auto error = error_in("SERVER_ERROR \x1b[31m" + std::string(500, 'x') + "\r\n");

  EXPECT_LE(error.server_text.size(), 200U);
  EXPECT_EQ(error.server_text.find('\x1b'), std::string::npos);
  EXPECT_EQ(error_in("the body of somebody's page\r\n").server_text, "");
}

TEST(MemcachedReader, ReadsWhatItNeedsOfTheStatistics) {
  Bytes bytes(
      "STAT pid 42\r\nSTAT version 1.6.18\r\nSTAT libevent 2.1 stable\r\n"
      "STAT time 1790000100\r\nSTAT uptime 100\r\nEND\r\n",
      5);

  const auto stats = MemcachedReader(bytes).read_stats();

  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->process, 42);
  EXPECT_EQ(stats->time_s, 1'790'000'100);
  EXPECT_EQ(stats->uptime_s, 100);
}

// Rule F2
TEST(MemcachedReader, LeavesStatisticsThatDoNotEnd) {
  std::string endless;
  for (std::size_t each = 0; each <= base::memcached_stats_max; ++each)
    endless += "STAT a 1\r\n";
  Bytes bytes(endless, 4096);

  const auto stats = MemcachedReader(bytes).read_stats();

  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, Errc::malformed_response);
}

}  // namespace
}  // namespace valetkey::cache
