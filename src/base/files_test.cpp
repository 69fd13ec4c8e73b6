#include "base/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file_output.hpp"
#include "support/temp_dir.hpp"

namespace trellis {
namespace {

TEST(Files, ReadsWholeFilesWithinTheBound) {
  const test::TempDir dir;
  const auto path = dir.path() / "a";
  std::ofstream(path) << std::string(40000, 'x');
  EXPECT_EQ(read_file(path, 40000), std::string(40000, 'x'));
  const auto refused = read_file(path, 39999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit);
}

TEST(Files, FilesOfTheKernelHaveNoSizeButAreBoundedToo) {
  EXPECT_TRUE(read_file("/proc/self/status", 1 << 20));
  EXPECT_FALSE(read_file("/proc/self/status", 10));
}

TEST(Files, WhatIsNoFileIsRefusedWithoutWaiting) {
  const test::TempDir dir;
  const auto pipe = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& path : {pipe, dir.path(), std::filesystem::path("/dev/zero")}) {
    const auto refused = read_file(path, 100);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << path;
  }
}

TEST(Files, MissingFilesAreNamed) {
  const auto refused = read_file("/nowhere/at/all", 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  EXPECT_NE(refused.error().message.find("/nowhere/at/all"), std::string::npos);
}

TEST(Files, LeftoverOfAKilledWriterIsNoObstacle) {
  const test::TempDir dir;
  const auto path = dir.path() / "state";
  // Name that this very thread writes under before it renames.
  std::ofstream(path.string() + ".part" + std::to_string(::gettid())) << "half of";
  ASSERT_TRUE(write_file(path, as_bytes("whole")));
  EXPECT_EQ(read_file(path, 100), "whole");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

}  // namespace
}  // namespace trellis
