#include "base/text.hpp"

#include <gtest/gtest.h>

namespace trellis {
namespace {

TEST(Text, HexRoundTripAndRefusals) {
  const Bytes bytes{0x00, 0xab, 0xff};
  EXPECT_EQ(to_hex_lower(bytes), "00abff");
  EXPECT_EQ(to_hex_upper(bytes), "00ABFF");
  EXPECT_EQ(from_hex("00AbfF"), bytes);
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Text, Utf8AcceptsOnlyWellFormedSequences) {
  EXPECT_TRUE(is_utf8("plain, \xc3\xbc, \xe2\x82\xac, \xf0\x9f\x9a\xbf"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_utf8("\xe2\x82"));          // cut short
}

TEST(Text, BadUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(replace_bad_utf8("a\xff"
                             "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(replace_bad_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Text, PrintableTextHasNoControlCharacters) {
  std::string out = ">";
  append_printable(out, "a\x1b[2J\n\t\r\x7f\xc2\x9b\xc3\xbc\xff\\");
  EXPECT_EQ(out, ">a\\x1b[2J\\n\\t\\r\\x7f\\x9b\xc3\xbc\xef\xbf\xbd\\");
}

TEST(Text, TrimSplitJoin) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(split("a,,b", ',').size(), 3U);
  EXPECT_EQ(split("", ',').size(), 1U);
  EXPECT_EQ(join({"a", "b"}, ","), "a,b");
}

TEST(Text, ExcerptCutsBetweenCharacters) {
  EXPECT_EQ(excerpt("short"), "short");
  EXPECT_EQ(excerpt("abcdef", 4), "abcd…");
  EXPECT_EQ(excerpt("abcü", 4), "abc…");
  EXPECT_EQ(excerpt("abü", 4), "abü");
  EXPECT_EQ(excerpt("a\xff", 4), "a\uFFFD");
  EXPECT_EQ(excerpt("\x80\x80\x80", 2), "…");
}

}  // namespace
}  // namespace trellis
