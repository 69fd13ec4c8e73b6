#include "wasm/canonical.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "wasm/cursor.hpp"

namespace trellis::wasm {
namespace {

const std::string header = "0061736d01000000";

std::string canonical_hex(const std::string& sections) {
  const auto bytes = from_hex(header + sections);
  if (!bytes) return "not hex";
  const auto out = canonical_module(*bytes);
  return out ? to_hex_lower(*out).substr(header.size()) : out.error().message;
}

/// A code section with one body of the given instructions (short enough for one-byte sizes).
std::string code(const std::string& instructions) {
  const auto body = "00" + instructions + "0b";
  const auto size = body.size() / 2;
  Bytes sizes;
  append_u32(sizes, static_cast<std::uint32_t>(size + 2));
  sizes.push_back(1);
  append_u32(sizes, static_cast<std::uint32_t>(size));
  return "0a" + to_hex_lower(sizes) + body;
}

std::string canonical_code(const std::string& instructions) {
  return canonical_hex(code(instructions));
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Canonical, InstructionsBecomeMinimal) {
  const struct {
    const char* padded;
    const char* minimal;
  } rows[] = {
      {"4180808080001a", "41001a"},  // i32.const 0
      {"41ffffffff7f1a", "417f1a"},  // i32.const -1
      {"418080808078"
       "1a",
       "4180808080781a"},                      // i32.const min stays
      {"42ffffffffffffffffff7f1a", "427f1a"},  // i64.const -1
      {"428080808080808080807f1a", "428080808080808080807f1a"},
      {"43000080bf1a", "43000080bf1a"},                  // f32
      {"4400000000000000801a", "4400000000000000801a"},  // f64 -0
      {"02c07f0b", "02400b"},                            // block, padded empty type
      {"02ffff7f410041010b1a", "027f410041010b1a"},      // block i32
      {"0280000b", "02000b"},                            // block, type index 0 (multi-value)
      {"0340"
       "0c8000"
       "0b",
       "03400c000b"},  // loop, br
      {"0440"
       "05"
       "0b",
       "0440050b"},              // if, else
      {"108100", "1001"},        // call
      {"1181008000", "110100"},  // call_indirect
      {"1c81007f", "1c017f"},    // select t
      {"208000", "2000"},
      {"218000", "2100"},
      {"228000", "2200"},
      {"238000", "2300"},
      {"248000", "2400"},
      {"258000", "2500"},
      {"268000", "2600"},
      {"28820090001a", "2802101a"},  // i32.load
      {"3e82009000", "3e0210"},      // i64.store32
      {"3f80001a", "3f001a"},
      {"408000", "4000"},  // memory.size, memory.grow
      {"c0c4", "c0c4"},    // sign extension
      {"fc8000", "fc00"},
      {"fc8700", "fc07"},              // saturating truncation
      {"fc880081008000", "fc080100"},  // memory.init
      {"fc898000"
       "8000",
       "fc0900"},  // data.drop
      {"fc0a80008000", "fc0a0000"},
      {"fc0b8000", "fc0b00"},
      {"fc0c80008000", "fc0c0000"},
      {"fc0d8000", "fc0d00"},
      {"fc0e80008000", "fc0e0000"},
      {"fc0f8000", "fc0f00"},
      {"fc108000", "fc1000"},
      {"fc118000", "fc1100"},
      {"d0f07f", "d070"},
      {"d1", "d1"},
      {"d28000", "d200"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(canonical_code(row.padded), code(row.minimal)) << row.padded;
  }
  EXPECT_EQ(canonical_code("0e8200800081008000"), code("0e02000100"));
}

TEST(Canonical, SectionsBecomeMinimal) {
  EXPECT_EQ(canonical_hex("010a8100"
                          "60"
                          "8100"
                          "7f"
                          "8200"
                          "7e7d"),
            "0107"
            "01"
            "60"
            "017f"
            "027e7d");
  EXPECT_EQ(canonical_hex("02098100"
                          "8000"
                          "0178"
                          "00"
                          "8000"),
            "020601"
            "00"
            "0178"
            "0000");
  EXPECT_EQ(canonical_hex("0307"
                          "81808080"
                          "00"
                          "8500"),
            "03020105");
  EXPECT_EQ(canonical_hex("0407"
                          "8100"
                          "7001"
                          "8000"
                          "05"),
            "0405"
            "01"
            "70010005");
  EXPECT_EQ(canonical_hex("05058100"
                          "008000"),
            "050301"
            "0000");
  EXPECT_EQ(canonical_hex("0608"
                          "8100"
                          "7f01"
                          "418000"
                          "0b"),
            "0606"
            "01"
            "7f01"
            "41000b");
  EXPECT_EQ(canonical_hex("0707"
                          "8100"
                          "0161"
                          "00"
                          "8000"),
            "0705"
            "01"
            "0161"
            "0000");
  EXPECT_EQ(canonical_hex("08028000"), "080100");
  EXPECT_EQ(canonical_hex("0c028000"), "0c0100");
  EXPECT_EQ(canonical_hex("0b0a"
                          "8100"
                          "8000"
                          "418000"
                          "0b"
                          "8000"),
            "0b0601"
            "00"
            "41000b"
            "00");
}

TEST(Canonical, ElementSegmentsOfEveryKind) {
  EXPECT_EQ(canonical_hex("090a"
                          "01"
                          "8000"
                          "41000b"
                          "8100"
                          "8500"),
            "090701"
            "00"
            "41000b"
            "0105");
  EXPECT_EQ(canonical_hex("0907"
                          "01"
                          "8100"
                          "00"
                          "01"
                          "8500"),
            "090501"
            "01"
            "00"
            "0105");
  EXPECT_EQ(canonical_hex("090a"
                          "01"
                          "02"
                          "8000"
                          "41000b"
                          "00"
                          "01"
                          "05"),
            "090901"
            "02"
            "00"
            "41000b"
            "00"
            "0105");
  EXPECT_EQ(canonical_hex("0905"
                          "01"
                          "03"
                          "00"
                          "01"
                          "05"),
            "0905010300"
            "0105");
  EXPECT_EQ(canonical_hex("090a"
                          "01"
                          "04"
                          "41000b"
                          "01"
                          "d2"
                          "8000"
                          "0b"),
            "090901"
            "04"
            "41000b"
            "01"
            "d2000b");
  EXPECT_EQ(canonical_hex("0907"
                          "01"
                          "05"
                          "70"
                          "01"
                          "d0700b"),
            "090701"
            "0570"
            "01"
            "d0700b");
  EXPECT_EQ(canonical_hex("090b"
                          "01"
                          "06"
                          "00"
                          "41000b"
                          "6f"
                          "01"
                          "d06f0b"),
            "090b01"
            "0600"
            "41000b"
            "6f"
            "01"
            "d06f0b");
  EXPECT_EQ(canonical_hex("0907"
                          "01"
                          "07"
                          "70"
                          "01"
                          "d0700b"),
            "090701"
            "0770"
            "01"
            "d0700b");
  EXPECT_SAYS(canonical_hex("09020108"), "element segment");
}

TEST(Canonical, DataSegmentsOfEveryKind) {
  EXPECT_EQ(canonical_hex("0b05"
                          "01"
                          "01"
                          "8100"
                          "ff"),
            "0b0401"
            "01"
            "01ff");
  EXPECT_EQ(canonical_hex("0b08"
                          "01"
                          "02"
                          "8000"
                          "41000b"
                          "00"),
            "0b0701"
            "02"
            "00"
            "41000b"
            "00");
  EXPECT_SAYS(canonical_hex("0b020103"), "data segment");
}

TEST(Canonical, CustomPayloadsStayAndTheirNumbersShrink) {
  EXPECT_EQ(canonical_hex("00878080800003666f6f808000"), "000703666f6f808000");
  EXPECT_EQ(canonical_hex("0005810078ff80"), "00040178ff80");
}

TEST(Canonical, UnknownFeaturesAreRefusedWithOpcodeAndOffset) {
  const struct {
    const char* instructions;
    const char* says;
  } rows[] = {
      {"fd0c", "opcode 0xfd (SIMD) at offset 13"},
      {"fe00", "opcode 0xfe (atomics) at offset 13"},
      {"12", "opcode 0x12 (tail calls)"},
      {"0640", "opcode 0x06 (exceptions)"},
      {"41001f", "opcode 0x1f (exceptions) at offset 15"},
      {"d5", "opcode 0xd5"},
      {"ff", "opcode 0xff"},
      {"fc12", "opcode 0xfc 18"},
      {"027b", "block type"},
      {"1c017b", "v128"},
      {"d06e", "heap type"},
      {"284000", "several memories"},
  };
  for (const auto& row : rows) {
    const auto bytes = from_hex(header + code(row.instructions));
    const auto out = canonical_module(*bytes);
    ASSERT_FALSE(out) << row.instructions;
    EXPECT_EQ(out.error().code, ErrorCode::unsupported) << row.instructions;
    EXPECT_FALSE(out.error().remedy.empty());
    EXPECT_SAYS(out.error().message, row.says);
  }
  EXPECT_SAYS(canonical_hex("0503010300"), "64-bit limits");
  EXPECT_SAYS(canonical_hex("01020150"), "not a function");
  EXPECT_SAYS(canonical_hex("02050100000400"), "kind of import");
  EXPECT_SAYS(canonical_hex("070401000400"), "kind of export");
  EXPECT_SAYS(canonical_hex("0403016e00"), "reference type");
}

TEST(Canonical, BrokenContentsAreRefused) {
  const struct {
    const char* sections;
    const char* says;
  } rows[] = {
      {"030401000000", "left over"},
      {"0302ff01", "too early"},
      {"0a0401020b0b", "too early"},  // body of two bytes: one local group, no type
      {"0a0501030b0b0b", "unknown value type"},
      {"0a06010400010b0b", "after its end"},
      {"0a0401020001", "too early"},  // body without end
      {"0a0601048080808001", "too early"},
      {"0606017f02"
       "41000b",
       "neither constant"},
      {"0307"
       "01"
       "ffffffff1f"
       "00",
       "larger than 32 bits"},
      {"0707"
       "01"
       "02c328"
       "0000"
       "00",
       "UTF-8"},
  };
  for (const auto& row : rows) EXPECT_SAYS(canonical_hex(row.sections), row.says);
  EXPECT_SAYS(canonical_code("41ffffffff0f"), "signed number");
  EXPECT_SAYS(canonical_code("418080808080"
                             "00"),
              "signed number");
  EXPECT_SAYS(canonical_code("4280808080808080808001"), "signed number");
}

TEST(Canonical, HugeCountsEndAtTheFirstMissingElement) {
  EXPECT_SAYS(canonical_hex("0305ffffffff0f"), "too early");
  EXPECT_SAYS(canonical_hex("0a05ffffffff0f"), "too early");
}

TEST(Numbers, MinimalEncodings) {
  const auto of = [](std::int64_t value) {
    Bytes out;
    append_signed(out, value);
    return to_hex_lower(out);
  };
  EXPECT_EQ(of(0), "00");
  EXPECT_EQ(of(63), "3f");
  EXPECT_EQ(of(64), "c000");
  EXPECT_EQ(of(-64), "40");
  EXPECT_EQ(of(-65), "bf7f");
  EXPECT_EQ(of(INT64_MIN), "8080808080808080807f");
  EXPECT_EQ(of(INT64_MAX), "ffffffffffffffffff00");
  Bytes out;
  append_u32(out, 0xffffffff);
  EXPECT_EQ(to_hex_lower(out), "ffffffff0f");
}

}  // namespace
}  // namespace trellis::wasm
