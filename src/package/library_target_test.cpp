#include "package/library_target.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace trellis::package {
namespace {

/// Files that begin as libraries do.
struct LibraryTargetTest : testing::Test {
  LibraryTargetTest() {
    folder = std::filesystem::path(testing::TempDir()) /
             ("target-" + std::to_string(::getpid()) + "-" +
              testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder);
  }
  ~LibraryTargetTest() override { std::filesystem::remove_all(folder); }

  std::filesystem::path file(const std::string& content) {
    std::ofstream(folder / "file", std::ios::binary) << content;
    return folder / "file";
  }
  std::filesystem::path elf(unsigned machine, int bits = 64, bool big = false,
                            unsigned type = ET_DYN) {
    std::string head =
        "\x7f"
        "ELF";
    head += static_cast<char>(bits == 64 ? ELFCLASS64 : ELFCLASS32);
    head += static_cast<char>(big ? ELFDATA2MSB : ELFDATA2LSB);
    head.resize(EI_NIDENT);
    for (const auto number : {type, machine}) {
      const auto low = static_cast<char>(number & 0xff);
      const auto high = static_cast<char>(number >> 8);
      head += big ? high : low;
      head += big ? low : high;
    }
    return file(head);
  }
  static std::string of(const std::filesystem::path& file, std::string_view stated = {}) {
    const auto target = library_target(file, stated);
    return target ? *target : target.error().message;
  }

  std::filesystem::path folder;
};

TEST_F(LibraryTargetTest, TheLibrarySaysWhatItIsFor) {
  EXPECT_EQ(of(elf(EM_X86_64)), "x86_64-linux");
  EXPECT_EQ(of(elf(EM_AARCH64)), "aarch64-linux");
  EXPECT_EQ(of(elf(EM_ARM, 32)), "arm-linux");
  EXPECT_EQ(of(elf(EM_S390, 64, true)), "s390x-linux");
  EXPECT_EQ(of(elf(EM_AARCH64), "aarch64-linux"), "aarch64-linux");
  EXPECT_EQ(of(elf(EM_X86_64), "x86_64-freebsd"), "x86_64-freebsd");
  EXPECT_EQ(of(elf(EM_SPARCV9, 64, true), "sparc64-linux"), "sparc64-linux");
}

TEST_F(LibraryTargetTest, WhatIsStatedMustBeTrue) {
  const auto other = elf(EM_AARCH64);
  EXPECT_EQ(of(other, "x86_64-linux"),
            other.string() + " is built for aarch64-linux, and not for x86_64-linux");
  EXPECT_TRUE(of(elf(EM_X86_64, 32), "x86_64-linux").contains("not for x86_64-linux"));
  EXPECT_TRUE(of(elf(EM_X86_64), "x86_64-macos").contains("not for x86_64-macos"));
  EXPECT_TRUE(of(elf(EM_SPARCV9), {}).contains("no name here"));
}

TEST_F(LibraryTargetTest, WhatIsNoLibraryIsRefused) {
  EXPECT_TRUE(of(file(std::string("\0asm\1\0\0\0", 8))).contains("WebAssembly module"));
  EXPECT_TRUE(of(file(std::string("\0asm\1\0\0\0", 8)), "x86_64-macos").contains("WebAssembly"));
  EXPECT_TRUE(of(file("text"), "x86_64-linux").contains("no ELF file"));
  EXPECT_TRUE(of(file("")).contains("no ELF file"));
  EXPECT_TRUE(of(elf(EM_X86_64, 64, false, ET_EXEC)).contains("no shared library"));
  EXPECT_EQ(of(file("Mach-O"), "aarch64-macos"), "aarch64-macos");
  EXPECT_TRUE(of(folder).contains("cannot be read"));
}

}  // namespace
}  // namespace trellis::package
