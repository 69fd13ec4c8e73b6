// Modules that are small and valid and cost the engine a great deal: refused before it sees them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "wasm/module_shape.hpp"

namespace trellis::wasm {
namespace {

constexpr CompileLimits roomy{.memory_pages = 10, .table_elements = 10, .module_bytes = 64 << 20};

std::string leb(std::size_t value) {
  Bytes bytes;
  append_u32(bytes, static_cast<std::uint32_t>(value));
  return {bytes.begin(), bytes.end()};
}

std::string operator""_b(const char* text, std::size_t size) {
  return {text, size};
}

std::string times(std::size_t count, const std::string& piece) {
  std::string out;
  out.reserve(count * piece.size());
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

std::string section(char id, const std::string& content) {
  return std::string(1, id) + leb(content.size()) + content;
}

std::string body(std::size_t locals, const std::string& instructions) {
  std::string out = locals == 0 ? "\0"_b : "\1"_b + leb(locals) + "\x7f";
  out += instructions + "\x0b";
  return leb(out.size()) + out;
}

/// A module with one type "() -> ()" and these functions of it.
Bytes module_with(const std::vector<std::string>& bodies,
                  const std::string& types = "\1\x60\0\0"_b) {
  std::string code;
  for (const auto& one : bodies) code += one;
  const std::string text = "\0asm\1\0\0\0"_b + section(1, types) +
                           section(3, leb(bodies.size()) + std::string(bodies.size(), '\0')) +
                           section(10, leb(bodies.size()) + code);
  return to_bytes(text);
}

std::string outcome(const Bytes& module) {
  const auto shape = shape_module(module, roomy);
  if (shape) return "fits";
  return std::string(shape.error().code == ErrorCode::limit ? "limit: " : "other: ") +
         shape.error().message;
}

CodeCost cost_of(const std::vector<std::string>& bodies) {
  return shape_module(module_with(bodies), roomy).value().cost;
}

/// Nested blocks, each left from the innermost one.
std::string merges(std::size_t locals, std::size_t blocks) {
  std::string out;
  for (std::size_t i = 0; i < locals; ++i) out += "\x41\0\x21"_b + leb(i);
  out += times(blocks, "\x02\x40");
  for (std::size_t i = 0; i < blocks; ++i) out += "\x20\0\x0d"_b + leb(i);
  return body(locals, out + times(blocks, "\x0b"));
}

std::string loops(std::size_t locals, std::size_t count) {
  std::string out = times(count, "\x03\x40");
  for (std::size_t i = 0; i < locals; ++i) out += "\x41\1\x21"_b + leb(i);
  return body(locals, out + times(count, "\x0b"));
}

TEST(CodeCost, OrdinaryFunctionsCostLittle) {
  const auto small = cost_of({merges(20, 50), loops(50, 10)});
  EXPECT_LT(small.machine_bytes, 64 * limits::kib);
  EXPECT_LT(small.max_compile_bytes, 2 * limits::mib);
}

TEST(CodeCost, LocalsTimesTargetsAreBounded) {
  EXPECT_EQ(outcome(module_with({merges(1000, 1000)})), "fits");
  EXPECT_EQ(outcome(module_with({merges(19000, 3000)})),
            "limit: function 0 of the module would take more than 256 MiB to compile");
  EXPECT_EQ(outcome(module_with({body(0, ""), merges(50000, 100)})),
            "limit: function 1 of the module has more than 20000 locals");
}

TEST(CodeCost, ValuesThatDifferWherePathsMeetAreBounded) {
  EXPECT_EQ(outcome(module_with({loops(200, 100)})), "fits");
  EXPECT_NE(outcome(module_with({loops(1000, 1000)})).find("256 MiB to compile"),
            std::string::npos);
}

TEST(CodeCost, OperandsCountAsLocalsDo) {
  const std::string operands = times(20000, "\x41\0"_b);
  const std::string blocks = times(4000, "\x02\x40\x41\0\x0d\0\x0b"_b);
  EXPECT_EQ(outcome(module_with({body(0, operands + "\0"_b + blocks)})), "fits")
      << "behind unreachable there is nothing to keep";
  EXPECT_NE(outcome(module_with({body(0, operands + blocks + "\0"_b)})).find("to compile"),
            std::string::npos);
}

TEST(CodeCost, TargetsOfTablesAreBounded) {
  const std::string table = "\x02\x40\x41\0\x0e"_b + leb(60000) + std::string(60001, '\0') + "\x0b";
  EXPECT_EQ(outcome(module_with({body(10, table)})), "fits");
  EXPECT_NE(outcome(module_with({body(10, times(8, table))})).find("to compile"),
            std::string::npos);
}

TEST(CodeCost, LoopsTimesInstructionsAreBounded) {
  EXPECT_EQ(outcome(module_with({body(0, times(1000, "\x03\x40\x0b"))})), "fits");
  EXPECT_NE(outcome(module_with({body(0, times(60000, "\x03\x40\x0b"))})).find("to compile"),
            std::string::npos);
}

TEST(CodeCost, SizeAndNestingOfAFunctionAreBounded) {
  EXPECT_EQ(outcome(module_with({body(0, times(600000, "\x01"))})).substr(0, 30),
            "limit: function 0 of the modul");
  EXPECT_EQ(outcome(module_with({body(0, times(5000, "\x02\x40") + times(5000, "\x0b"))})),
            "limit: function 0 of the module has blocks nested deeper than 4096");
}

TEST(CodeCost, OperandsOfCallsAreBounded) {
  const std::string wide = "\1\x60\0\x40"_b + std::string(64, '\x7f');
  EXPECT_NE(outcome(module_with({body(0, times(200000, "\x10\0"_b))}, wide)).find("to compile"),
            std::string::npos);
}

TEST(CodeCost, MachineCodeOfAModuleIsBounded) {
  const std::string dense =
      body(0, times(100000, "\x44\0\0\0\0\0\0\0\0\xb1\x1a"_b).substr(0, 400004));
  const std::vector<std::string> many(60, dense);
  EXPECT_NE(outcome(module_with(many)).find("512 MiB of machine code"), std::string::npos);
}

TEST(CodeCost, LooksAtLocalsAreBounded) {
  // A bit for each local beside each call into the runtime, in many functions.
  const std::string references = body(19000, times(4000, "\x41\0\x40\0\x1a"_b));
  EXPECT_EQ(outcome(module_with({references})), "fits");
  EXPECT_NE(
      outcome(module_with(std::vector<std::string>(10, references))).find("too long to compile"),
      std::string::npos);
  EXPECT_GT(cost_of({references}).machine_bytes, 19000U * 4000 / 8);
}

TEST(CodeCost, TypesAreBounded) {
  const std::string wide = "\1\x60"_b + leb(256) + std::string(256, '\x7f') + "\0"_b;
  EXPECT_EQ(outcome(module_with({}, wide)),
            "limit: module has too many parameters in a function type; the limit is 255");
  const std::string results = "\1\x60\0\x41"_b + std::string(65, '\x7f');
  EXPECT_EQ(outcome(module_with({}, results)),
            "limit: module has too many results in a function type; the limit is 64");
  EXPECT_EQ(outcome(module_with({}, leb(10001) + times(10001, "\x60\0\0"_b))),
            "limit: module has too many function types; the limit is 10000");
}

TEST(CodeCost, SectionsWhoseEntriesGrowAreBounded) {
  for (const char id : {1, 2, 3, 6, 7, 9}) {
    const std::string text = "\0asm\1\0\0\0"_b + section(id, std::string((1 << 20) + 1, '\0'));
    EXPECT_NE(outcome(to_bytes(text)).find("the limit is 1048576"), std::string::npos) << int{id};
  }
  EXPECT_EQ(outcome(to_bytes("\0asm\1\0\0\0"_b + section(9, "\0"_b) + section(9, "\0"_b))),
            "other: not a valid WebAssembly module: it has two sections of kind 9");
}

TEST(CodeCost, CustomSectionsDoNotReachTheEngine) {
  const std::string text = "\0asm\1\0\0\0"_b + section(0, "\4name"_b + std::string(1000, 'x'));
  EXPECT_EQ(shape_module(to_bytes(text), roomy).value().capped.size(), 8U);
}

TEST(CodeCost, ExportsShareTheTextOfTheirType) {
  std::string exports = leb(1000);
  for (int i = 0; i < 1000; ++i) {
    const auto name = std::to_string(i);
    exports += leb(name.size()) + name + "\0\0"_b;
  }
  const auto shape = shape_module(to_bytes("\0asm\1\0\0\0"_b + section(1, "\1\x60\0\0"_b) +
                                           section(3, "\1\0"_b) + section(7, exports)),
                                  roomy)
                         .value();
  ASSERT_EQ(shape.exports.size(), 1000U);
  EXPECT_EQ(shape.exports.front().signature.data(), shape.exports.back().signature.data());
}

TEST(CodeCost, BrokenCodeIsMalformed) {
  EXPECT_EQ(outcome(module_with({"\2\0\x0c"_b})).substr(0, 6), "other:");
  EXPECT_EQ(outcome(module_with({"\3\0\x0b\x0b"_b})),
            "other: not a valid WebAssembly module: function 0 goes on behind its end");
  EXPECT_NE(outcome(module_with({body(0, "\x12\0"_b)})).find("instruction 0x12"),
            std::string::npos);
}

}  // namespace
}  // namespace trellis::wasm
