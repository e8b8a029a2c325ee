// SPDX-License-Identifier: Apache-2.0
#include "oauth/form.h"

#include <gtest/gtest.h>

#include "support/http_messages.h"

namespace valetkey::oauth {
namespace {

using support::text_of;

TEST(FormWriter, EncodesEverythingButUnreservedCharacters) {
  FormWriter form;

  form.add("a b", "1!x&y=z+%").add("scope", Secret("p q"));

  EXPECT_EQ(text_of(form.take()), "a+b=1%21x%26y%3Dz%2B%25&scope=p+q");
}

TEST(FormWriter, IsEmptyAfterItsBodyWasTaken) {
  FormWriter form;
  form.add("a", "b");

  EXPECT_EQ(text_of(form.take()), "a=b");
  EXPECT_TRUE(form.take().empty());
}

TEST(FormWriter, IsReadBackByteForByte) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte)
    every += static_cast<char>(byte);
  FormWriter form;

  form.add(every, every).add("", "");

  const support::FormFields expected = {{every, every}, {"", ""}};
  EXPECT_EQ(support::form_fields(text_of(form.take())), expected);
}

TEST(PercentEncode, KeepsUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ09-._~ /:\xc3\xa9"), "aZ09-._~%20%2F%3A%C3%A9");
}

}  // namespace
}  // namespace valetkey::oauth
