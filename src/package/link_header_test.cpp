#include "package/link_header.hpp"

#include <gtest/gtest.h>

namespace trellis::package {
namespace {

std::string next(std::string_view header) {
  return next_link(header).value_or("none");
}

TEST(LinkHeaderTest, FindsTheNextPage) {
  EXPECT_EQ(next(R"(</v2/x/tags/list?last=b&n=2>; rel="next")"), "/v2/x/tags/list?last=b&n=2");
  EXPECT_EQ(next("<https://r.example/a,b>;rel=next"), "https://r.example/a,b");
  EXPECT_EQ(next(R"(<a>; rel="prev", <b>; title="x, <c>; rel=next"; REL="Next last")"), "b");
  EXPECT_EQ(next(R"(<a>; rel="prev")"), "none");
  EXPECT_EQ(next(R"(<a>; rel="nextpage")"), "none");
  EXPECT_EQ(next("<>; rel=next"), "");
}

TEST(LinkHeaderTest, SurvivesGarbage) {
  for (const auto* text : {"", "<", "<a", "a>", "<a>", "<a>;", "<a>; rel", "<a>; rel=", ";;;",
                           "<a>; rel=\"", "<a>; =next", "<a> rel=next"}) {
    EXPECT_EQ(next(text), "none") << text;
  }
  EXPECT_EQ(next(R"(<a>; rel="next)"), "a");
}

}  // namespace
}  // namespace trellis::package
