// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "valetkey/http.h"

namespace valetkey::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Text, ComparesAsciiWithoutCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equal_ignoring_case("content-type", "content-typ"));
  EXPECT_FALSE(equal_ignoring_case("a[", "a{"));  // a bit apart, as letters of two cases are
  EXPECT_TRUE(equal_ignoring_case("", ""));
}

TEST(Text, TrimsBlanksAtBothEnds) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \r\n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, SplitsWithoutEmptyPieces) {
  EXPECT_THAT(split("a,b,,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split(",a,", ','), ElementsAre("a"));
  EXPECT_THAT(split("", ','), IsEmpty());
  EXPECT_THAT(split(",,", ','), IsEmpty());
}

TEST(Text, JoinsWhatItSplits) {
  EXPECT_EQ(joined({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(joined({"a"}, ", "), "a");
  EXPECT_EQ(joined({}, ", "), "");
}

TEST(Text, KnowsDigits) {
  EXPECT_TRUE(all_digits("0123456789"));
  EXPECT_FALSE(all_digits(""));
  EXPECT_FALSE(all_digits("-1"));
  EXPECT_FALSE(all_digits("12a"));
}

// Rule F2
TEST(Text, MakesStrangersWordsFitForATerminal) {
  EXPECT_EQ(printable("plain words"), "plain words");
  EXPECT_EQ(printable("\x1b[31mred\n\x07"), "?[31mred??");
  EXPECT_EQ(printable("\xc3\xa9"), "??");
  const std::string shortened = printable(std::string(300, 'a'));
  EXPECT_EQ(shortened.size(), 203U);
  EXPECT_TRUE(shortened.ends_with("aaa..."));
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Text, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parse_number("3600"), 3600);
  EXPECT_EQ(parse_number("-5"), -5);
  EXPECT_EQ(parse_number<unsigned>("-5"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_number("9223372036854775808"), std::nullopt);
  for (const auto* const text : {"", " 1", "1 ", "+1", "1.0", "0x1", "1e3"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(HttpHeaders, AreFoundWithoutCaseAndTheFirstWins) {
  const std::vector<HttpHeader> headers = {{"Date", "one"}, {"date", "two"}, {"X", ""}};

  EXPECT_EQ(find_header(headers, "DATE"), "one");
  EXPECT_EQ(find_header(headers, "x"), "");
  EXPECT_EQ(find_header(headers, "Y"), std::nullopt);
}

}  // namespace
}  // namespace valetkey::base
