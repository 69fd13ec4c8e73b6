// Every character of the table, against a list.
#include "base/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/key_form.hpp"

namespace trellis {
namespace {

std::string characters(bool (*is)(char) noexcept) {
  std::string found;
  for (int c = 0; c < 256; ++c) {
    if (is(static_cast<char>(c))) found += static_cast<char>(c);
  }
  return found;
}

TEST(Ascii, KindsOfCharacters) {
  const std::string digits = "0123456789";
  const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string lower = "abcdefghijklmnopqrstuvwxyz";
  EXPECT_EQ(characters(is_digit), digits);
  EXPECT_EQ(characters(is_upper), upper);
  EXPECT_EQ(characters(is_lower), lower);
  EXPECT_EQ(characters(is_letter), upper + lower);
  EXPECT_EQ(characters(is_letter_or_digit), digits + upper + lower);
  EXPECT_EQ(characters(is_hex_digit), digits + "ABCDEFabcdef");
}

TEST(Ascii, LetterCase) {
  for (int c = 0; c < 256; ++c) {
    const char is = static_cast<char>(c);
    EXPECT_EQ(to_lower(is), is_upper(is) ? is + 32 : is) << c;
    EXPECT_EQ(to_upper(is), is_lower(is) ? is - 32 : is) << c;
  }
}

TEST(Ascii, TextsOfIt) {
  EXPECT_TRUE(is_ascii(""));
  EXPECT_TRUE(is_ascii("a\x7f"));
  EXPECT_FALSE(is_ascii("a\x80"));
}

TEST(KeyForm, TellsKeysFromNames) {
  const std::string rest(55, 'A');
  EXPECT_TRUE(has_key_form("M" + rest, 'M'));
  EXPECT_FALSE(has_key_form("V" + rest, 'M'));
  EXPECT_FALSE(has_key_form("M" + rest + "A", 'M'));
  EXPECT_FALSE(has_key_form("M", 'M'));
  EXPECT_FALSE(has_key_form("", 'M'));
}

}  // namespace
}  // namespace trellis
