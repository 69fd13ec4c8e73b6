#include "wasm/function_meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.hpp"

namespace trellis::wasm {
namespace {

// Prices as they were measured (see Price); each rounded up, because what is counted too low is a
// way to end the process.
constexpr Price plain{12, 256};
constexpr Price memory_access{140, 800};
constexpr Price slow_arithmetic{280, 2100};  // division, truncation, rotation: traps and branches
constexpr Price saturating{320, 3300};
constexpr Price vector{290, 400};
constexpr Price bulk{300, 3400, true};          // copies and fills of memory and tables
constexpr Price table_access{300, 1600, true};  // calls into the runtime
constexpr Price direct_call{100, 1900};
constexpr Price indirect_call{120, 6300};
constexpr Price call_operand{16, 160};
constexpr Price block_start{60, 1100};
constexpr Price branch{200, 1300};
constexpr Price table_target{24, 850};

/// A local or result that differs where two paths meet: a move, a node of the graph.
constexpr Price merged_value{12, 850};

/// The state of one local or operand, kept for each place that can be jumped to.
constexpr std::uint64_t slot_bytes = 24;

/// Where the engine's runtime may be called each slot is looked at, and has a bit in a table beside
/// the code, which is made in several steps.
constexpr std::uint64_t slots_per_byte_at_calls = 4;

// Immediates of a vector instruction, by the number behind its prefix.
enum class Vector : std::uint8_t { none, memory, memory_lane, lane, sixteen };

/// Form of the immediates behind a vector instruction's number.
Vector vector_immediate(std::uint32_t sub) {
  if (sub <= 0x0b || sub == 0x5c || sub == 0x5d) return Vector::memory;
  if (sub == 0x0c || sub == 0x0d) return Vector::sixteen;
  if (sub >= 0x15 && sub <= 0x22) return Vector::lane;
  if (sub >= 0x54 && sub <= 0x5b) return Vector::memory_lane;
  return Vector::none;
}

/// Vector instructions that take as many operands as they give.
bool is_vector_unary(std::uint32_t sub) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 25> ranges{
      {{0x00, 0x0a}, {0x0f, 0x16}, {0x18, 0x19}, {0x1b, 0x1b}, {0x1d, 0x1d},
       {0x1f, 0x1f}, {0x21, 0x21}, {0x4d, 0x4d}, {0x53, 0x53}, {0x5c, 0x64},
       {0x67, 0x6a}, {0x74, 0x75}, {0x7a, 0x7a}, {0x7c, 0x81}, {0x83, 0x84},
       {0x87, 0x8a}, {0x94, 0x94}, {0xa0, 0xa1}, {0xa3, 0xa4}, {0xa7, 0xaa},
       {0xc0, 0xc1}, {0xc3, 0xca}, {0xe0, 0xe3}, {0xec, 0xef}, {0xf8, 0xff}}};
  return std::ranges::any_of(
      ranges, [&](const auto& range) { return range.first <= sub && sub <= range.second; });
}

// Numeric instructions that become many of the machine's.
bool is_slow(std::uint8_t opcode) {
  return (opcode >= 0x6d && opcode <= 0x70) || (opcode >= 0x7f && opcode <= 0x82) ||  // division
         opcode == 0x77 || opcode == 0x78 || opcode == 0x89 || opcode == 0x8a ||      // rotation
         opcode == 0x98 || opcode == 0xa6 ||                                          // copysign
         (opcode >= 0xa8 && opcode <= 0xb1) || opcode == 0xb5 || opcode == 0xba;      // conversion
}

// Numeric instructions that take two operands; the others take one.
bool is_numeric_binary(std::uint8_t opcode) {
  return (opcode >= 0x46 && opcode <= 0x4f) || (opcode >= 0x51 && opcode <= 0x66) ||
         (opcode >= 0x6a && opcode <= 0x78) || (opcode >= 0x7c && opcode <= 0x8a) ||
         (opcode >= 0x92 && opcode <= 0x98) || (opcode >= 0xa0 && opcode <= 0xa6);
}

}  // namespace

void FunctionMeter::run() {
  locals();
  open_.push_back({.begin = in_.offset(), .arity = {0, type_.results}});
  // Reading ends where the function is known to cost too much, so that a refusal is cheap.
  while (!open_.empty() && in_.ok() && affordable()) instruction();
  compile_ += loops_ * instructions_;  // the optimiser's table of what belongs to which loop
}

bool FunctionMeter::affordable() const noexcept {
  return compile_ <= limits::function_compile_bytes && machine_ <= limits::module_machine_bytes &&
         visits_ <= limits::module_slot_visits && open_.size() <= limits::function_nesting;
}

void FunctionMeter::keep_state() noexcept {
  compile_ += slots() * slot_bytes;
  visits_ += slots();
}

void FunctionMeter::safepoint() noexcept {
  const std::uint64_t bytes = slots() / slots_per_byte_at_calls;
  machine_ += bytes;
  compile_ += bytes;
  visits_ += slots();
}

void FunctionMeter::locals() {
  locals_ = type_.parameters;
  // Locals are declared by number and type: two bytes can declare thousands of them.
  const std::uint32_t groups = in_.u32();
  for (std::uint32_t i = 0; i < groups && in_.ok(); ++i) {
    locals_ += in_.u32();
    in_.u8();
    if (locals_ > limits::function_locals) return in_.fail_here("too many locals");
  }
}

void FunctionMeter::instruction() {
  const std::uint8_t opcode = in_.u8();
  ++instructions_;
  if (control(opcode) || exceptions(opcode)) return;
  if (opcode >= 0x20 && opcode <= 0x26) return variables(opcode);
  if (opcode >= 0x28 && opcode <= 0x35) {
    memory_argument();
    return take(memory_access, 1, 1);
  }
  if (opcode >= 0x36 && opcode <= 0x3e) {
    memory_argument();
    return take(memory_access, 2, 0);
  }
  numeric(opcode);
}

void FunctionMeter::open_block(bool is_loop, bool is_try) {
  const std::int64_t type = in_.signed_leb(33);
  // Type of a block: none (-0x40), one value, or the index of a function type.
  const Arity arity = type >= 0       ? arity_of(static_cast<std::uint32_t>(type))
                      : type == -0x40 ? Arity{}
                                      : Arity{0, 1};
  pop(arity.parameters);
  open_.push_back({.is_loop = is_loop,
                   .is_try = is_try,
                   .begin = in_.offset(),
                   .base = height_,
                   .arity = arity,
                   .sets_before = sets_});
  push(arity.parameters);
  if (is_loop) {
    ++loops_;
    safepoint();  // it looks whether it is to stop
  }
  tries_ += is_try ? 1 : 0;
  deepest_ = std::max(deepest_, open_.size());
  pay(block_start);
  keep_state();
}

/// `else`, `catch` and `catch_all`: the block goes on with the state it had at its beginning.
void FunctionMeter::other_branch() {
  branch_to(0);
  dead();
}

void FunctionMeter::close_block() {
  keep_state();
  const OpenBlock block = open_.back();
  const std::uint64_t values = block.is_loop ? block.arity.parameters : block.arity.results;
  // Values that may differ where paths meet: results, and locals set since the block began, which
  // are no more than there are.
  const std::uint64_t changed = std::min(locals_, sets_ - block.sets_before) + values;
  pay(merged_value, block.branches * changed);
  if (block.is_loop) compile_ += in_.offset() - block.begin;  // scanned for what it sets
  if (block.is_try) --tries_;
  dead();
  open_.pop_back();
  push(block.arity.results);
}

void FunctionMeter::branch_to(std::uint64_t label) {
  keep_state();
  // A label that is out of range is the engine's to refuse.
  if (label < open_.size()) ++open_[open_.size() - 1 - static_cast<std::size_t>(label)].branches;
}

void FunctionMeter::branch_table() {
  const std::uint32_t count = in_.u32();
  pop(1);
  // Targets may be said to be thousands of millions; each takes a byte, and a price.
  for (std::uint64_t i = 0; i <= count && in_.ok() && affordable(); ++i) {
    branch_to(in_.u32());
    pay(table_target);
  }
  pay(branch);
  dead();
}

void FunctionMeter::call(Arity arity, Price price) {
  pay(price);
  pay(call_operand, std::uint64_t{arity.parameters} + arity.results);
  pop(arity.parameters);
  push(arity.results);
  safepoint();
  // Calls inside of a try are places where paths part, because each may end in the handler.
  if (tries_ == 0) return;
  keep_state();
  const auto handler = std::ranges::find_if(open_.rbegin(), open_.rend(), &OpenBlock::is_try);
  if (handler != open_.rend()) ++handler->branches;
}

/// Control instructions; false for all others.
bool FunctionMeter::control(std::uint8_t opcode) {
  // Cases: unreachable, nop, block, loop, if, else, end, br, br_if, br_table, return, call,
  // call_indirect.
  switch (opcode) {
    case 0x00: pay(plain); return dead(), true;
    case 0x01: return true;
    case 0x02: return open_block(false, false), true;
    case 0x03: return open_block(true, false), true;
    case 0x04: pop(1); return open_block(false, false), true;
    case 0x05:
      other_branch();
      push(open_.back().arity.parameters);
      return true;
    case 0x0b: return close_block(), true;
    case 0x0c:
      branch_to(in_.u32());
      pay(branch);
      return dead(), true;
    case 0x0d:
      pop(1);
      branch_to(in_.u32());
      pay(branch);
      return true;
    case 0x0e: return branch_table(), true;
    case 0x0f:
      // Return is a branch out of the outermost block.
      branch_to(open_.size() - 1);
      pay(branch);
      return dead(), true;
    case 0x10: return call(arity_of_function(in_.u32()), direct_call), true;
    case 0x11: {
      const Arity arity = arity_of(in_.u32());
      in_.u32();
      pop(1);
      return call(arity, indirect_call), true;
    }
    default: return false;
  }
}

bool FunctionMeter::exceptions(std::uint8_t opcode) {
  // Cases: try, catch, throw, rethrow, delegate, catch_all, of the form that engines had first.
  switch (opcode) {
    case 0x06: return open_block(false, true), true;
    case 0x07: {
      const std::uint32_t tag = in_.u32();
      other_branch();
      pay(direct_call);
      if (tag < context_.tags.size()) {
        const Arity values = arity_of(context_.tags[tag]);
        pay(call_operand, values.parameters);
        push(values.parameters);
      }
      return true;
    }
    case 0x08:
    case 0x09:
      in_.u32();
      call({}, direct_call);
      return dead(), true;
    case 0x18:
      in_.u32();
      call({}, direct_call);
      return close_block(), true;
    case 0x19:
      other_branch();
      pay(direct_call);
      return true;
    default: return false;
  }
}

void FunctionMeter::variables(std::uint8_t opcode) {
  in_.u32();
  // Cases: local.get, local.set, local.tee, global.get, global.set, table.get, and table.set.
  switch (opcode) {
    case 0x20: return take(plain, 0, 1);
    case 0x21: ++sets_; return take(plain, 1, 0);
    case 0x22: ++sets_; return pay(plain);
    case 0x23: return take(memory_access, 0, 1);
    case 0x24: return take(table_access, 1, 0);
    case 0x25: return take(table_access, 1, 1);
    default: return take(table_access, 2, 0);
  }
}

void FunctionMeter::numeric(std::uint8_t opcode) {
  if (opcode >= 0x45 && opcode <= 0xc4) {
    // Operands and result are netted: of two values one is left, and one stays one.
    return take(is_slow(opcode) ? slow_arithmetic : plain, is_numeric_binary(opcode) ? 1 : 0, 0);
  }
  // Cases: drop, select, typed select, memory.size, memory.grow, constants of the four types,
  // ref.null, ref.is_null, ref.func, and two prefixes.
  switch (opcode) {
    case 0x1a: return take(plain, 1, 0);
    case 0x1b: return take(plain, 2, 0);
    case 0x1c:
      for (std::uint32_t left = in_.u32(); left > 0 && in_.ok(); --left) in_.u8();
      return take(plain, 2, 0);
    case 0x3f: in_.u8(); return take(plain, 0, 1);
    case 0x40: in_.u8(); return take(table_access, 0, 0);
    case 0x41: in_.signed_leb(32); return take(plain, 0, 1);
    case 0x42: in_.signed_leb(64); return take(plain, 0, 1);
    case 0x43: in_.bytes(4); return take(plain, 0, 1);
    case 0x44: in_.bytes(8); return take(plain, 0, 1);
    case 0xd0: in_.signed_leb(33); return take(plain, 0, 1);
    case 0xd1: return pay(plain);
    case 0xd2: in_.u32(); return take(table_access, 0, 1);
    case 0xfc: return bulk_operation();
    case 0xfd: return vector_operation();
    default:
      return in_.fail_at(in_.offset() - 1,
                         fmt::format("it uses the instruction 0x{:02x}, which is unknown", opcode),
                         ErrorCode::malformed);
  }
}

void FunctionMeter::bulk_operation() {
  const std::uint32_t sub = in_.u32();
  if (sub <= 7) return pay(saturating);
  if (sub > 17) {
    return in_.fail_here(fmt::format("it uses the instruction 0xfc {}, which is unknown", sub));
  }
  in_.u32();
  if (sub == 8 || sub == 10 || sub == 12 || sub == 14) in_.u32();  // init and copy name two
  switch (sub) {
    case 9:
    case 13: return pay(bulk);          // drop
    case 15: return take(bulk, 1, 0);   // table.grow
    case 16: return take(plain, 0, 1);  // table.size
    default: return take(bulk, 3, 0);
  }
}

void FunctionMeter::vector_operation() {
  const std::uint32_t sub = in_.u32();
  if (sub > 0xff) {
    return in_.fail_here(fmt::format("it uses the instruction 0xfd {}, which is unknown", sub));
  }
  switch (vector_immediate(sub)) {
    case Vector::none: break;
    case Vector::memory: memory_argument(); break;
    case Vector::memory_lane: memory_argument(); [[fallthrough]];
    case Vector::lane: in_.u8(); break;
    case Vector::sixteen: in_.bytes(16); break;
  }
  if (sub == 0x0c) return take(vector, 0, 1);
  if (sub == 0x0b || (sub >= 0x58 && sub <= 0x5b)) return take(vector, 2, 0);  // stores
  take(vector, sub == 0x52 ? 2 : is_vector_unary(sub) ? 0 : 1, 0);
}

}  // namespace trellis::wasm
