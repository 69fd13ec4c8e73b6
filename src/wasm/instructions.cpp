// Copying of instructions: which immediates follow which opcode.
#include <fmt/format.h>

#include "wasm/copier.hpp"

namespace trellis::wasm {
namespace {

/// Immediates by opcode; blocks and the fc prefix are dealt with by name.
enum class Immediate : std::uint8_t {
  none,
  block,  // block, loop, if: opens a level
  end,    // closes a level
  index,  // one u32
  two_indices,
  labels,  // br_table
  types,   // select t
  heap_type,
  memory,  // alignment and offset
  i32,
  i64,
  f32,
  f64,
  prefix_fc,
  unknown,
};

Immediate immediate_of(std::uint8_t opcode) noexcept {
  using enum Immediate;
  if (opcode >= 0x45 && opcode <= 0xc4) return none;  // numeric, sign extension from c0 on
  if (opcode >= 0x28 && opcode <= 0x3e) return memory;
  if (opcode >= 0x20 && opcode <= 0x26) return index;  // locals, globals, tables
  switch (opcode) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1: return none;
    case 0x02:
    case 0x03:
    case 0x04: return block;
    case 0x0b: return end;
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x3f:
    case 0x40:
    case 0xd2: return index;
    case 0x0e: return labels;
    case 0x11: return two_indices;
    case 0x1c: return types;
    case 0x41: return i32;
    case 0x42: return i64;
    case 0x43: return f32;
    case 0x44: return f64;
    case 0xd0: return heap_type;
    case 0xfc: return prefix_fc;
    default: return unknown;
  }
}

// Feature that an unknown opcode belongs to, for the error's text.
std::string_view family_of(std::uint8_t opcode) noexcept {
  switch (opcode) {
    case 0x12:
    case 0x13: return " (tail calls)";
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0a:
    case 0x18:
    case 0x19:
    case 0x1f: return " (exceptions)";
    case 0xfd: return " (SIMD)";
    case 0xfe: return " (atomics)";
    default: return "";
  }
}

/// Type of a block: negative for a value type or none, else the index of a function type.
void block_type(Copier& copy) {
  const auto type = copy.signed_leb(33);
  if (type >= 0) return;  // index of a function type
  // Negative types stand for no value, the four numbers and the two references.
  switch (type) {
    case -0x40:
    case -1:
    case -2:
    case -3:
    case -4:
    case -0x10:
    case -0x11: return;
    default: return copy.unsupported("an unknown block type");
  }
}

void memory_argument(Copier& copy) {
  // Alignments are small: larger numbers are a flag, and an index of a memory follows.
  if (copy.u32() >= 0x40) return copy.unsupported("several memories");
  copy.u32();
}

void heap_type(Copier& copy) {
  const auto type = copy.signed_leb(33);
  if (type != -0x10 && type != -0x11) copy.unsupported("an unknown heap type");
}

/// Instructions behind 0xfc: saturating truncation, bulk memory, tables.
void prefixed_fc(Copier& copy) {
  const auto sub = copy.u32();
  if (sub <= 7) return;  // saturating truncation
  switch (sub) {
    case 8:
    case 10:
    case 12:
    case 14: copy.u32(); [[fallthrough]];  // init and copy name two
    case 9:
    case 11:
    case 13:
    case 15:
    case 16:
    case 17: copy.u32(); return;
    default: return copy.unsupported(fmt::format("opcode 0xfc {}", sub));
  }
}

/// Immediates of an instruction, whose opcode is copied already.
void immediate(Copier& copy, std::uint8_t opcode) {
  switch (immediate_of(opcode)) {
    case Immediate::none:
    case Immediate::end: return;
    case Immediate::block: return block_type(copy);
    case Immediate::two_indices: copy.u32(); [[fallthrough]];
    case Immediate::index: copy.u32(); return;
    case Immediate::labels:
      copy.vector([&] { copy.u32(); });
      copy.u32();
      return;
    case Immediate::types: return copy.vector([&] { copy.value_type(); });
    case Immediate::heap_type: return heap_type(copy);
    case Immediate::memory: return memory_argument(copy);
    case Immediate::i32: copy.signed_leb(32); return;
    case Immediate::i64: copy.signed_leb(64); return;
    case Immediate::f32: return copy.raw(4);
    case Immediate::f64: return copy.raw(8);
    case Immediate::prefix_fc: return prefixed_fc(copy);
    case Immediate::unknown:
      return copy.unsupported(fmt::format("opcode 0x{:02x}{}", opcode, family_of(opcode)));
  }
}

}  // namespace

void copy_expression(Copier& copy) {
  std::size_t open_blocks = 1;  // the expression itself
  while (open_blocks > 0 && copy.in().ok()) {
    const auto opcode = copy.byte();
    immediate(copy, opcode);
    // Blocks are counted and not followed by recursion: their depth is anybody's choice.
    const auto kind = immediate_of(opcode);
    if (kind == Immediate::block) ++open_blocks;
    if (kind == Immediate::end) --open_blocks;
  }
}

}  // namespace trellis::wasm
