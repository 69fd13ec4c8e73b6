#include "lattice/cache/state_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "support/temp_dir.hpp"

namespace trellis::lattice {
namespace {

namespace fs = std::filesystem;

std::vector<LinkDefinition> some_links() {
  return {{"MACTOR", "VPROVIDER", "default", "wasmcloud:httpserver", {{"PORT", "8080"}}},
          {"MACTOR", "VPROVIDER", "second", "wasmcloud:httpserver", {}}};
}

class LinksFile : public testing::Test {
 protected:
  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    return text.str();
  }
  void put(std::string_view text) const {
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << text;
  }

  test::TempDir dir;
  StateFile file{dir.path() / "state", "default"};
};

TEST_F(LinksFile, WhatWasSavedIsLoaded) {
  EXPECT_EQ(file.load()->size(), 0U) << "no file, no links";
  ASSERT_TRUE(file.save(some_links()));
  EXPECT_EQ(*file.load(), some_links());
  ASSERT_TRUE(file.save({}));
  EXPECT_EQ(*file.load(), std::vector<LinkDefinition>{});
}

TEST_F(LinksFile, OnlyTheOwnerMayReadIt) {
  ASSERT_TRUE(file.save(some_links()));
  struct stat info = {};
  ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(LinksFile, AnotherNamespaceIsRefused) {
  ASSERT_TRUE(file.save(some_links()));
  const auto other = StateFile(dir.path() / "state", "other").load();
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("namespace 'default', not 'other'"), std::string::npos);
}

TEST_F(LinksFile, ATornFileIsRefusedAtEveryLength) {
  ASSERT_TRUE(file.save(some_links()));
  const auto whole = content();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(std::string_view(whole).substr(0, size));
    const auto refused = file.load();
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code, ErrorCode::malformed) << size;
    EXPECT_TRUE(refused.error().message.starts_with(file.path().string())) << size;
  }
}

TEST_F(LinksFile, EachChangedByteIsNoticed) {
  ASSERT_TRUE(file.save(some_links()));
  const auto whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(read_links_file(changed, "default")) << at;
  }
  EXPECT_FALSE(read_links_file(whole + "x", "default"));
  EXPECT_TRUE(read_links_file(whole, "default"));
}

// Half a file is what a crash between writing and renaming leaves behind.
TEST_F(LinksFile, AHalfWrittenFileBesideItIsOverwritten) {
  ASSERT_TRUE(file.save(some_links()));
  auto beside = file.path();
  beside += ".new";
  std::ofstream(beside) << "trellis links 1\nhalf";
  EXPECT_EQ(*file.load(), some_links());
  ASSERT_TRUE(file.save({}));
  EXPECT_EQ(file.load()->size(), 0U);
  EXPECT_FALSE(fs::exists(beside));
}

TEST_F(LinksFile, AFailedSaveNamesTheFileAndKeepsTheOld) {
  ASSERT_TRUE(file.save(some_links()));
  auto beside = file.path();
  beside += ".new";
  fs::create_directory(beside);
  const auto refused = file.save({});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(beside.string()), std::string::npos);
  EXPECT_EQ(*file.load(), some_links());
}

}  // namespace
}  // namespace trellis::lattice
