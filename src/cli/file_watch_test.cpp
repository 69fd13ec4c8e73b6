#include "cli/file_watch.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "support/temp_dir.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// A tree of sources, and what was noticed of changes in it.
struct TreeWatchTest : testing::Test {
  void write(const fs::path& name, const std::string& content = "x") const {
    fs::create_directories((dir.path() / name).parent_path());
    std::ofstream(dir.path() / name) << content;
  }
  static std::set<std::string> noticed(TreeWatch& watch) {
    std::set<std::string> names;
    for (const auto& path : watch.changes(milliseconds(0))) names.insert(path.filename().string());
    return names;
  }
  test::TempDir dir;
};

using Names = std::set<std::string>;

TEST_F(TreeWatchTest, NoticesEachChangeOnce) {
  write("src/old.txt");
  TreeWatch watch(dir.path());
  EXPECT_TRUE(watch.complete());
  EXPECT_EQ(noticed(watch), Names());
  write("a.txt");
  write("src/old.txt", "y");
  EXPECT_EQ(noticed(watch), (Names{"a.txt", "old.txt"}));
  EXPECT_EQ(noticed(watch), Names());
  fs::rename(dir.path() / "a.txt", dir.path() / "b.txt");
  fs::remove(dir.path() / "src/old.txt");
  EXPECT_EQ(noticed(watch), (Names{"a.txt", "b.txt", "old.txt"}));
}

TEST_F(TreeWatchTest, NoticesFilesInNewFolders) {
  TreeWatch watch(dir.path());
  write("new/deep/file.txt");
  EXPECT_EQ(noticed(watch), Names{"file.txt"}) << "it was there before its folder was watched";
  write("new/deep/other.txt");
  EXPECT_EQ(noticed(watch), Names{"other.txt"});
}

TEST_F(TreeWatchTest, PassesOverWhatIsNoSource) {
  fs::create_directories(dir.path() / "out");
  TreeWatch watch(dir.path());
  for (const auto* name : {"out/x", "target/x", "node_modules/a/x", ".git/x", ".x.swp"})
    write(name);
  write("gone.tmp");
  fs::remove(dir.path() / "gone.tmp");
  EXPECT_EQ(noticed(watch), Names());
}

TEST_F(TreeWatchTest, ManyChangesAreNoneLost) {
  TreeWatch watch(dir.path());
  for (int i = 0; i < 2000; ++i) write("file" + std::to_string(i));
  EXPECT_EQ(noticed(watch).size(), 2000U);
}

}  // namespace
}  // namespace trellis::cli
