// SPDX-License-Identifier: Apache-2.0
// The emulator's own decoders, by example and by property.
#include "emulator/wire.h"

#include <gtest/gtest.h>

#include <random>

#include "crypto/digest.h"

namespace valetkey::emulator {
namespace {

std::string value_of(std::string_view body, std::string_view name) {
  return decode_form(body)->find(name).value_or("(absent)");
}

/// Bytes without a pattern, the same in every run.
std::string drawn_bytes(std::minstd_rand& source, std::size_t size, std::string_view alphabet) {
  std::string bytes;
  for (std::size_t at = 0; at < size; ++at) {
    bytes += alphabet.empty() ? static_cast<char>(source() & 255U)
                              : alphabet[source() % alphabet.size()];
  }
  return bytes;
}

TEST(Form, DecodesPlusAndPercent) {
  EXPECT_EQ(value_of("scope=a+b%20c%2Bd", "scope"), "a b c+d");
  EXPECT_EQ(value_of("a%3Db=c%26d", "a=b"), "c&d");
}

TEST(Form, TakesRawCharactersThatSomeClientsDoNotEncode) {
  EXPECT_EQ(value_of("resource=https://api.box.com/2.0/files/1?x=y", "resource"),
            "https://api.box.com/2.0/files/1?x=y");
  EXPECT_EQ(value_of("scope=item_preview item_rename", "scope"), "item_preview item_rename");
  EXPECT_EQ(value_of("token=1!abc", "token"), "1!abc");
}

TEST(Form, LeavesBrokenEscapesAsTheyAre) {
  EXPECT_EQ(value_of("a=100%", "a"), "100%");
  EXPECT_EQ(value_of("a=%4", "a"), "%4");
  EXPECT_EQ(value_of("a=%zz%41", "a"), "%zzA");
}

TEST(Form, AValueThatIsEmptyCountsAsAbsent) {
  EXPECT_EQ(value_of("a=&b=1", "a"), "(absent)");
  EXPECT_EQ(value_of("a&b=1", "a"), "(absent)");
  EXPECT_EQ(value_of("", "a"), "(absent)");
}

TEST(Form, SeesARepeatedName) {
  EXPECT_EQ(decode_form("a=1&b=2&%61=3")->repeated(), "a");
  EXPECT_FALSE(decode_form("a=1&b=2&c=3")->repeated());
}

TEST(Form, HasABoundOnItsFields) {
  std::string body = "a0=1";
  for (std::size_t at = 1; at < form_fields_max; ++at)
    body += "&a" + std::to_string(at) + "=1";

  EXPECT_TRUE(decode_form(body));
  EXPECT_FALSE(decode_form(body + "&more=1"));
}

TEST(Form, DecodesWhateverWasEncoded) {
  std::minstd_rand source(7);
  for (int round = 0; round < 2000; ++round) {
    const auto name = "n" + drawn_bytes(source, source() % 8, {});
    const auto value = "v" + drawn_bytes(source, source() % 40, {});

    const auto form = decode_form("x=y&" + percent_encode(name) + "=" + percent_encode(value));

    ASSERT_EQ(form->find(name), value);
  }
}

TEST(Form, NeverGrowsWhateverItReads) {
  std::minstd_rand source(11);
  for (int round = 0; round < 5000; ++round) {
    const auto text = drawn_bytes(source, source() % 60, "%&=+aF0z");
    const auto form = decode_form(text).value_or(Form{});
    std::size_t decoded = 0;
    for (const auto& [name, value] : form.pairs()) {
      decoded += name.size() + value.size();
    }

    ASSERT_LE(decoded, text.size());
  }
}

TEST(BearerHeader, IsToldApartFromEveryOtherForm) {
  using Kind = Bearer::Form;
  const auto form_of = [](const Fields& fields) { return parse_bearer(fields).form; };

  EXPECT_EQ(form_of({}), Kind::absent);
  EXPECT_EQ(form_of({{"Authorization", "Basic abc"}}), Kind::not_bearer);
  EXPECT_EQ(form_of({{"Authorization", "Bearerabc"}}), Kind::not_bearer);
  EXPECT_EQ(form_of({{"Authorization", "Bearer"}}), Kind::empty);
  EXPECT_EQ(form_of({{"Authorization", "Bearer  "}}), Kind::empty);
  EXPECT_EQ(parse_bearer({{"AUTHORIZATION", " bEaReR  tok "}}).token, "tok");
  EXPECT_EQ(form_of({{"Authorization", "Bearer a"}, {"authorization", "Bearer b"}}), Kind::absent);
}

TEST(Multipart, FindsPartsByName) {
  const auto parts = parse_multipart(
      "multipart/form-data; charset=x; boundary=\"--b o\"",
      "preamble\r\n----b o\r\nContent-Disposition: form-data; name=attributes\r\n\r\n{}\r\n"
      "----b o\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nline\r\n\r\nline\r\n----b o--\r\nepilogue");

  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "attributes");
  EXPECT_EQ((*parts)[0].body, "{}");
  EXPECT_EQ((*parts)[1].filename, "f.txt");
  EXPECT_EQ((*parts)[1].body, "line\r\n\r\nline");
}

TEST(Multipart, RefusesWhatDoesNotKeepToItsBoundary) {
  const std::string_view type = "multipart/form-data; boundary=b";

  EXPECT_FALSE(parse_multipart("multipart/form-data", "--b--"));
  EXPECT_FALSE(parse_multipart("text/plain; boundary=b", "--b--"));
  EXPECT_FALSE(parse_multipart(type, ""));
  EXPECT_FALSE(parse_multipart(type, "--b\r\n\r\nno end"));
  EXPECT_FALSE(parse_multipart(type, "--b"));
  EXPECT_FALSE(parse_multipart(type, "--bx--"));
  EXPECT_FALSE(parse_multipart(type, "--b\r\nno blank line\r\n--b--"));
}

TEST(Multipart, GivesBackWhatWasPutIn) {
  std::minstd_rand source(13);
  for (int round = 0; round < 500; ++round) {
    const auto content = drawn_bytes(source, source() % 200, "\r\n-ab\0x");

    const auto parts = parse_multipart(
        "multipart/form-data; boundary=Z9",
        "--Z9\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + content + "\r\n--Z9--");

    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->at(0).body, content);
  }
}

TEST(Multipart, SurvivesRubbish) {
  std::minstd_rand source(17);
  for (int round = 0; round < 5000; ++round) {
    const auto text = drawn_bytes(source, source() % 120, "--b\r\n:; name=\"");
    const auto parts = parse_multipart("multipart/form-data; boundary=b", text);

    if (parts) {
      ASSERT_LE(parts->size(), multipart_parts_max);
    }
  }
}

TEST(Html, IsEscaped) {
  EXPECT_EQ(escape_html("<a href=\"x\" b='y'>&"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
}

}  // namespace
}  // namespace valetkey::emulator
