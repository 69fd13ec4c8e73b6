#include "cli/global_options.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "cli/context_fixture.hpp"

namespace trellis::cli {
namespace {

struct GlobalOptionsOf : testing::Test, ContextFixture {};

TEST_F(GlobalOptionsOf, ColoursAreForTerminalsUnlessSomebodySays) {
  decide_colours(context, "auto");
  EXPECT_FALSE(context.colour);
  context.out_is_terminal = true;
  decide_colours(context, "auto");
  EXPECT_TRUE(context.colour);
  EXPECT_FALSE(context.error_colour);
  environment["NO_COLOR"] = "1";
  decide_colours(context, "auto");
  EXPECT_FALSE(context.colour);
  decide_colours(context, "always");
  EXPECT_TRUE(context.colour);
  EXPECT_TRUE(context.error_colour);
  EXPECT_EQ(label(context, Label::error), "\x1b[1;31mError:\x1b[0m ");
  decide_colours(context, "never");
  EXPECT_EQ(label(context, Label::hint), "Hint: ");
  environment = {{"TERM", "dumb"}};
  decide_colours(context, "auto");
  EXPECT_FALSE(context.colour);
}

TEST_F(GlobalOptionsOf, TheWordIsFoundWithoutParsing) {
  const auto found = [](std::vector<const char*> words) {
    words.insert(words.begin(), "trellis");
    return colour_word(static_cast<int>(words.size()), words.data());
  };
  EXPECT_EQ(found({"nonsense"}), "auto");
  EXPECT_EQ(found({"nonsense", "--color=always"}), "always");
  EXPECT_EQ(found({"--color", "never", "x"}), "never");
  EXPECT_EQ(found({"call", "--", "--color=always"}), "auto");
  EXPECT_EQ(found({"--color"}), "auto");
}

TEST_F(GlobalOptionsOf, StandAnywhereAndLeaveTakenLettersAlone) {
  CommandLine line("demo");
  auto& group = line.root().add_subcommand("group", "Group");
  auto& leaf = group.add_subcommand("leaf", "Leaf");
  std::string version;
  leaf.add_option("-v,--ver", version, "Version");
  add_action_leaf(
      leaf, context, [](auto&) { return Answer{"Started X on Y", {{"id", "X"}}}; }, "id");
  add_global_options(line.root(), context);
  ASSERT_TRUE(line.parse({"group", "leaf", "-v", "1"}));
  EXPECT_EQ(version, "1");
  EXPECT_FALSE(context.verbose);
  EXPECT_EQ(out.str(), "Started X on Y\n");
  out.str({});
  for (const auto& words : {std::vector<std::string>{"-q", "group", "leaf"},
                            {"group", "-q", "leaf"},
                            {"group", "leaf", "--quiet"}}) {
    context.quiet = false;
    ASSERT_TRUE(line.parse(words));
    EXPECT_EQ(out.str(), "X\n");
    out.str({});
  }
  ASSERT_TRUE(line.parse({"-v", "group", "leaf", "--json"}));
  EXPECT_TRUE(context.verbose);
  tell(context, "asking\x1b");
  EXPECT_EQ(err.str(), "asking?\n");
}

}  // namespace
}  // namespace trellis::cli
