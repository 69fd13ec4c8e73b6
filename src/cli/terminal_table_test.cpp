#include "cli/terminal_table.hpp"

#include <gtest/gtest.h>

#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

TerminalTable sample() {
  TerminalTable table({{"Name"}, {"Key"}, {"Empty"}, {"URL", true}, {"Problem"}});
  table.row({{"kvcounter"}, {"MD2VGNEC"}, {""}, {"http://127.0.0.1:8080"}, {""}});
  table.row({{"b"}, {"MBCF"}, {""}, {""}, {"the provider refuses it: it said no to all of it"}});
  return table;
}

TEST(TerminalTable, LeavesOutColumnsWithoutAnything) {
  EXPECT_EQ(sample().text({}),
            "Name       Key       URL                    Problem\n"
            "kvcounter  MD2VGNEC  http://127.0.0.1:8080\n"
            "b          MBCF                             "
            "the provider refuses it: it said no to all of it");
}

TEST(TerminalTable, FitsTheTerminalAndKeepsAddressesWhole) {
  EXPECT_EQ(sample().text({.width = 60}),
            "Name       Key       URL                    Problem\n"
            "kvcounter  MD2VGNEC  http://127.0.0.1:8080\n"
            "b          MBCF                             the provider re…");
  EXPECT_EQ(sample().text({.width = 44}),
            "Name      Key       URL             Problem\n"
            "kvcount…  MD2VGNEC  http://127.0.…\n"
            "b         MBCF                      the pro…");
}

TEST(TerminalTable, FitsWithManyColumnsToo) {
  std::vector<TerminalTable::Head> head(10, {"Some title"});
  head[1] = {"Key", true};
  TerminalTable table(head);
  std::vector<Cell> row(10, Cell("a text of some words"));
  row[1] = Cell("MD2VGNEC");
  table.row(row);
  for (const auto width : {40U, 80U, 120U}) {
    const auto text = table.text({.width = width});
    EXPECT_LE(width_of(text.substr(0, text.find('\n'))), width);
    EXPECT_LE(width_of(text.substr(text.find('\n') + 1)), width);
    EXPECT_EQ(text.contains("MD2VGNEC"), width > 40) << text;
  }
}

TEST(TerminalTable, WideCharactersTakeTwoColumns) {
  TerminalTable table({{"Name"}, {"B"}});
  table.row({{"日本"}, {"x"}});
  table.row({{"e\xcc\x81"}, {"y"}});  // e and a combining accent
  EXPECT_EQ(table.text({}), "Name  B\n日本  x\ne\xcc\x81     y");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("日本語", 6), "日本語");
}

TEST(TerminalTable, ColoursStatesAndNeverWhatComesFromOutside) {
  TerminalTable table({{"State"}});
  table.row({Cell{"bound", Tone::good}});
  table.row({Cell{"\x1b[2J", Tone::bad}});
  EXPECT_EQ(table.text({.colour = true}), "State\n\x1b[32mbound\x1b[0m\n\x1b[31m?[2J\x1b[0m");
  EXPECT_EQ(table.text({}), "State\nbound\n?[2J");
}

}  // namespace
}  // namespace trellis::cli
