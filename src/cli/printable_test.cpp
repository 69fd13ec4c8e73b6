#include "cli/printable.hpp"

#include <gtest/gtest.h>

#include "cli/columns.hpp"

namespace trellis::cli {
namespace {

TEST(Printable, NothingSteersTheTerminal) {
  EXPECT_EQ(printable("Zähler ✓ 🚀"), "Zähler ✓ 🚀");
  EXPECT_EQ(printable("\x1b]0;owned\a\x1b[31m"), "?]0;owned??[31m");
  EXPECT_EQ(printable("a\nb\rc\td\x7f"), "a?b?c?d?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m \xc2\x9d"),
            "?31m ?");  // C1
  EXPECT_EQ(printable("\xe2\x80\xae txt.exe \xe2\x81\xa6 \xd8\x9c \xe2\x80\x8f"),
            "? txt.exe ? ? ?");
  EXPECT_EQ(printable("line\xe2\x80\xa8line\xe2\x80\xa9"), "line?line?");
  EXPECT_EQ(printable("\xff\xc0\x80"), "???");
}

TEST(Printable, LinesStayLines) {
  EXPECT_EQ(printable_lines("one\n\x1b[2Jtwo\n"), "one\n?[2Jtwo\n");
}

TEST(Printable, ColumnsAreAsWideAsWhatIsShown) {
  Columns table({"A", "B"});
  table.row({"\xe2\x80\xae\xc2\x9b", "x"});
  EXPECT_EQ(table.text(), "A    B\n??   x");
}

}  // namespace
}  // namespace trellis::cli
