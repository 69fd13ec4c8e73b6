#include "manifest/environment.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace trellis::manifest {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "SETV") return "val";
  if (name == "EMPTYV") return "";
  if (name == "REF") return "${SETV}";
  return std::nullopt;
}

std::string expand(std::string_view text) {
  const auto out = expand_environment(text, lookup);
  return out ? *out : "error: " + out.error().message;
}

struct Row {
  std::string_view text;
  std::string_view result;
};

// The table of host.md 11.1, row by row.
TEST(Environment, TableOfTheSpecification) {
  for (const auto& [text, result] : std::initializer_list<Row>{
           {"${SETV}", "val"},
           {"${UNSETV}", "${UNSETV}"},
           {"${UNSETV:}", ""},
           {"${EMPTYV:dflt}", ""},
           {"${UNSETV:a:b}", "a:b"},
           {"${UNSETV:a b}", "a b"},
           {"${SET V}", "${SET V}"},
           {"${SETV=1}", "${SETV=1}"},
           {"${SET\nV}", "${SET\nV}"},
           {"${UNSETV:a\nb}", "${UNSETV:a\nb}"},
           {"$SETV", "$SETV"},
           {"${UNSETV:${SETV}}", "${SETV}"},
           {"$${SETV}", "$${SETV}"},
           {"price$", "price$"},
       }) {
    EXPECT_EQ(expand(text), result) << text;
  }
}

std::string checked(std::string_view text) {
  const auto out = trellis::manifest::expand(text, lookup, Variables::checked);
  if (!out) return "error: " + out.error().message;
  std::string missing;
  for (const auto& one : out->missing) missing += " " + one.name + "/" + one.complaint;
  return missing.empty() ? out->text : "missing" + missing;
}

TEST(Environment, TheFormsOfTheShell) {
  for (const auto& [text, result] : std::initializer_list<Row>{
           {"${SETV}", "val"},
           {"${UNSETV}", "missing UNSETV/"},
           {"${UNSETV:d}", "d"},
           {"${UNSETV:a:b}", "a:b"},
           {"${UNSETV:-8080}", "8080"},
           {"${UNSETV:--1}", "-1"},
           {"${UNSETV:-}", ""},
           {"${EMPTYV:-d}", "d"},
           {"${EMPTYV:d}", ""},
           {"${SETV:-d}", "val"},
           {"${UNSETV:-${SETV}/${EMPTYV:-x}}z", "val/xz"},
           {"${UNSETV:-${NONE}}", "missing NONE/"},
           {"${SETV:-${NONE}}", "val"},
           {"${SETV:+yes}", "yes"},
           {"${EMPTYV:+yes}", ""},
           {"${UNSETV:+yes}", ""},
           {"${SETV:?why}", "val"},
           {"${EMPTYV:?why}", "missing EMPTYV/why"},
           {"${UNSETV:?why}", "missing UNSETV/why"},
           {"$${UNSETV}", "$${UNSETV}"},
           {"${SET V}", "${SET V}"},
           {"${UNSETV:-${SETV}", "${UNSETV:-val"},
       }) {
    EXPECT_EQ(checked(text), result) << text;
  }
}

TEST(Environment, WhatStandsForAMissingVariableIsNowhereElse) {
  const auto out = trellis::manifest::expand("unset-variable-0- ${UNSETV}", lookup);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->text.find(out->mark), out->text.rfind(out->mark));
}

TEST(Environment, TextAroundReferencesStays) {
  EXPECT_EQ(expand(""), "");
  EXPECT_EQ(expand("x${SETV}y${UNSETV:d}z"), "xvalydz");
  EXPECT_EQ(expand("${}${:x}${SETV"), "${}${:x}${SETV");
  EXPECT_EQ(expand("$$$"), "$$$");
  EXPECT_EQ(expand("a$b$$c"), "a$b$$c");
}

TEST(Environment, AnAttemptThatFailsDoesNotHideTheNextReference) {
  EXPECT_EQ(expand("${SET ${SETV}"), "${SET val");
  EXPECT_EQ(expand("${A=${SETV}"), "${A=val");
  EXPECT_EQ(expand("${A:b\n${SETV}"), "${A:b\nval");
}

TEST(Environment, ValuesAreNotExpandedAgain) {
  EXPECT_EQ(expand("${REF}"), "${SETV}");
}

TEST(Environment, ResultIsBounded) {
  const std::string big(limits::manifest_bytes / 2, 'x');
  const auto out = expand_environment(
      "${A}${A}${A}", [&](std::string_view) { return std::optional<std::string>(big); });
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::limit);
  EXPECT_FALSE(out.error().remedy.empty());
}

// Each attempt alone would scan to the end of the line: quadratic, hours for a text of this size.
TEST(Environment, ManyUnclosedReferencesAreReadInOnePass) {
  for (const std::string_view piece : {"${", "${a:", "${ ", "${a:-", "${a:-${a:-}"}) {
    std::string text;
    while (text.size() + 8 < limits::manifest_bytes) text += piece;
    EXPECT_EQ(expand(text + "\n").back(), '\n');
    EXPECT_EQ(checked(text + "\n").back(), '\n');
  }
}

}  // namespace
}  // namespace trellis::manifest
