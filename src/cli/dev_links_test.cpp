#include "cli/dev_links.hpp"

#include <gtest/gtest.h>

namespace trellis::cli {
namespace {

using Values = std::map<std::string, std::string>;

DevLink link_of(std::string_view text) {
  auto link = parse_dev_link(text);
  EXPECT_TRUE(link) << text << ": " << (link ? "" : link.error().message);
  return link.value_or(DevLink{});
}

TEST(DevLinks, NameAContractOrAProvider) {
  EXPECT_EQ(link_of("keyvalue").contract, "wasmcloud:keyvalue");
  EXPECT_EQ(link_of("example:dice").contract, "example:dice");
  EXPECT_EQ(link_of("example:dice").provider, "");
  const auto builtin = link_of("builtin:keyvalue-redis,URL=redis://h:1/");
  EXPECT_EQ(builtin.contract, "wasmcloud:keyvalue");
  EXPECT_EQ(builtin.provider, "builtin:keyvalue-redis");
  EXPECT_EQ(builtin.values, (Values{{"URL", "redis://h:1/"}}));
  for (const auto* file : {"./dice.so", "dice.so", "out/dice.par", "dice.par.gz"}) {
    EXPECT_EQ(link_of(file).provider, file);
    EXPECT_EQ(link_of(file).contract, "");
  }
}

TEST(DevLinks, ValuesAreTheUsersText) {
  const std::vector<std::pair<std::string_view, Values>> cases = {
      {"k,A=1,B=2", {{"A", "1"}, {"B", "2"}}},
      {"k,A=1,2,B=x=y", {{"A", "1,2"}, {"B", "x=y"}}},
      {"k,SUBSCRIPTION=a.*,b.>", {{"SUBSCRIPTION", "a.*,b.>"}}},
      {"k,A=[1,2]", {{"A", "[1,2]"}}},
      {R"(k,A=1\,B=2)", {{"A", "1,B=2"}}},
      {R"(k,A=\\,B=\x)", {{"A", "\\"}, {"B", "\\x"}}},
      {"k,A=", {{"A", ""}}},
      {"k,A=,,B= ", {{"A", ","}, {"B", " "}}},
      {"k,A={\"a\":[1,2]}", {{"A", "{\"a\":[1,2]}"}}},
  };
  for (const auto& [text, values] : cases) EXPECT_EQ(link_of(text).values, values) << text;
}

TEST(DevLinks, WhatMakesNoSenseIsRefused) {
  for (const auto* text : {"", ",A=1", "k,A", "k,=1", "k,", "builtin:none"}) {
    const auto link = parse_dev_link(text);
    ASSERT_FALSE(link) << text;
    EXPECT_FALSE(link.error().remedy.empty()) << text;
  }
}

}  // namespace
}  // namespace trellis::cli
