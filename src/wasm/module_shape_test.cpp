#include "wasm/module_shape.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace trellis::wasm {
namespace {

constexpr CompileLimits caps{.memory_pages = 10, .table_elements = 20, .module_bytes = 1000};

/// A module of these sections, each an id and its content.
Bytes module_of(std::initializer_list<std::pair<int, std::string>> sections) {
  Bytes bytes = to_bytes(std::string_view("\0asm\1\0\0\0", 8));
  for (const auto& [id, content] : sections) {
    bytes.push_back(static_cast<std::uint8_t>(id));
    bytes.push_back(static_cast<std::uint8_t>(content.size()));
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  return bytes;
}

std::string raw(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

const std::string no_arguments = raw({1, 0x60, 0, 0});  // type () -> ()

Error error_of(const Bytes& module) {
  auto shape = shape_module(module, caps);
  EXPECT_FALSE(shape.has_value());
  return shape ? Error{} : shape.error();
}

TEST(ModuleShape, WritesTheCapOfMemory) {
  const auto without = shape_module(module_of({{5, raw({1, 0, 3})}}), caps).value();
  EXPECT_EQ(without.capped, module_of({{5, raw({1, 1, 3, 10})}}));
  const auto above = shape_module(module_of({{5, raw({1, 1, 3, 100})}}), caps).value();
  EXPECT_EQ(above.capped, module_of({{5, raw({1, 1, 3, 10})}}));
  const auto below = shape_module(module_of({{5, raw({1, 1, 3, 4})}}), caps).value();
  EXPECT_EQ(below.capped, module_of({{5, raw({1, 1, 3, 4})}}));
}

TEST(ModuleShape, WritesTheCapOfEachTable) {
  const auto shape =
      shape_module(module_of({{4, raw({2, 0x70, 0, 3, 0x6f, 1, 1, 127})}}), caps).value();
  EXPECT_EQ(shape.capped, module_of({{4, raw({2, 0x70, 1, 3, 20, 0x6f, 1, 1, 20})}}));
}

TEST(ModuleShape, RefusesMinimaAboveTheCap) {
  EXPECT_EQ(error_of(module_of({{5, raw({1, 0, 11})}})).code, ErrorCode::limit);
  EXPECT_EQ(error_of(module_of({{4, raw({1, 0x70, 0, 21})}})).code, ErrorCode::limit);
  EXPECT_TRUE(shape_module(module_of({{5, raw({1, 0, 10})}}), caps).has_value());
}

TEST(ModuleShape, RefusesOtherMemories) {
  for (const int flags : {2, 3, 4, 5, 7, 0x7f}) {
    EXPECT_EQ(error_of(module_of({{5, raw({1, flags, 1, 1})}})).code, ErrorCode::unsupported);
  }
  EXPECT_EQ(error_of(module_of({{5, raw({2, 0, 1, 0, 1})}})).code, ErrorCode::unsupported);
}

TEST(ModuleShape, RefusesBrokenSections) {
  EXPECT_EQ(error_of({}).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{5, raw({1, 1, 3, 2})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{5, raw({1, 0})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{5, raw({1, 0, 1, 0})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{1, raw({1, 0x5f, 0})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{1, raw({1, 0x60, 1, 0x40, 0})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{3, raw({1, 0})}})).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(module_of({{2, raw({0xff, 0xff, 0xff, 0xff, 0x0f})}})).code, ErrorCode::limit);
  EXPECT_EQ(error_of(module_of({{4, raw({0xff, 0xff, 0xff, 0xff, 0x0f})}})).code, ErrorCode::limit);
  Bytes cut = module_of({{0, "custom"}});
  cut.pop_back();
  EXPECT_EQ(error_of(cut).code, ErrorCode::malformed);
  EXPECT_EQ(error_of(Bytes(1001)).code, ErrorCode::limit);
}

TEST(ModuleShape, ListsImportsAndExports) {
  const auto shape =
      shape_module(module_of({{1, raw({2, 0x60, 2, 0x7f, 0x7e, 1, 0x7d, 0x60, 0, 0})},
                              {2, raw({1, 1, 'm', 1, 'n', 0, 0})},
                              {3, raw({1, 1})},
                              {7, raw({2, 1, 'a', 0, 1, 1, 'b', 2, 0})}}),
                   caps)
          .value();
  ASSERT_EQ(shape.imports.size(), 1U);
  EXPECT_EQ(shape.imports[0].module, "m");
  EXPECT_EQ(shape.imports[0].signature, "iI:f");
  EXPECT_EQ(describe_signature(shape.imports[0].signature), "(i32, i64) -> (f32)");
  ASSERT_EQ(shape.exports.size(), 2U);
  EXPECT_EQ(shape.exports[0].signature, ":");
  EXPECT_EQ(shape.exports[1].kind, ExportKind::memory);
  EXPECT_FALSE(shape.has_start);
}

TEST(ModuleShape, TurnsTheStartSectionIntoAnExport) {
  const auto name = std::string(start_export);
  const auto entry = raw({static_cast<int>(name.size())}) + name + raw({0, 0});
  const auto with = module_of({{1, no_arguments},
                               {3, raw({1, 0})},
                               {7, raw({1, 1, 'a', 0, 0})},
                               {8, raw({0})},
                               {10, raw({1, 2, 0, 0x0b})}});
  const auto shape = shape_module(with, caps).value();
  EXPECT_TRUE(shape.has_start);
  EXPECT_EQ(shape.exports.size(), 1U);
  EXPECT_EQ(shape.capped, module_of({{1, no_arguments},
                                     {3, raw({1, 0})},
                                     {7, raw({2, 1, 'a', 0, 0}) + entry},
                                     {10, raw({1, 2, 0, 0x0b})}}));
  const auto alone =
      shape_module(module_of({{1, no_arguments}, {3, raw({1, 0})}, {8, raw({0})}}), caps);
  EXPECT_EQ(alone->capped, module_of({{1, no_arguments}, {3, raw({1, 0})}, {7, raw({1}) + entry}}));
}

TEST(ModuleShape, RefusesOddStartSections) {
  EXPECT_EQ(error_of(module_of({{1, no_arguments}, {3, raw({1, 0})}, {8, raw({1})}})).code,
            ErrorCode::malformed);
  EXPECT_EQ(
      error_of(module_of({{1, raw({1, 0x60, 1, 0x7f, 0})}, {3, raw({1, 0})}, {8, raw({0})}})).code,
      ErrorCode::malformed);
  EXPECT_EQ(
      error_of(module_of({{1, no_arguments}, {3, raw({1, 0})}, {8, raw({0})}, {8, raw({0})}})).code,
      ErrorCode::malformed);
}

}  // namespace
}  // namespace trellis::wasm
