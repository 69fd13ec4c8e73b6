// Follows the instructions of one function and adds up what compiling it costs. Internal to
// code_cost.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "wasm/code_cost.hpp"
#include "wasm/cursor.hpp"

namespace trellis::wasm {

/// Bytes one instruction adds to the machine code (of the baseline compiler) and to the memory of
/// the optimiser while it works on the function. Measured on V8 10.2 with functions that repeat one
/// instruction; rounded up.
struct Price {
  std::uint32_t machine;
  std::uint32_t compile;
  bool runs_runtime = false;
};

/// Block that is open at a place in a function. Sets are counted because a value that no path
/// changes needs nothing where paths meet.
struct OpenBlock {
  bool is_loop = false;
  bool is_try = false;
  std::size_t begin = 0;
  std::uint64_t base = 0;  ///< operands below the block
  Arity arity;
  std::uint64_t sets_before = 0;
  std::uint64_t branches = 1;  ///< paths that meet at its label
};

/// One function, one thread: follows the height of the operand stack and the blocks that are open,
/// and adds up. Operands of code that cannot be reached are counted low, which is right: it is not
/// compiled.
class FunctionMeter {
 public:
  FunctionMeter(Cursor& in, const CodeContext& context, std::uint32_t type)
      : in_(in), context_(context), type_(arity_of(type)) {}

  /// Reads the function to its end, or until it is known to cost too much.
  void run();

  [[nodiscard]] std::uint64_t compile_bytes() const noexcept { return compile_; }
  [[nodiscard]] CodeCost cost() const noexcept { return {machine_, compile_, visits_}; }
  [[nodiscard]] std::uint64_t local_count() const noexcept { return locals_; }
  [[nodiscard]] std::size_t deepest() const noexcept { return deepest_; }

 private:
  [[nodiscard]] bool affordable() const noexcept;
  [[nodiscard]] Arity arity_of(std::uint32_t type) const noexcept {
    return type < context_.types.size() ? context_.types[type] : Arity{};
  }
  [[nodiscard]] Arity arity_of_function(std::uint32_t index) const noexcept {
    return index < context_.functions.size() ? arity_of(context_.functions[index]) : Arity{};
  }
  [[nodiscard]] std::uint64_t slots() const noexcept { return locals_ + height_; }

  void pay(Price price, std::uint64_t times = 1) noexcept {
    machine_ += price.machine * times;
    compile_ += price.compile * times;
  }
  /// A place that can be jumped to, or where paths part.
  void keep_state() noexcept;
  /// A place where the runtime, and so the collector of references, may run.
  void safepoint() noexcept;
  void push(std::uint64_t count) noexcept { height_ += count; }
  void pop(std::uint64_t count) noexcept {
    const std::uint64_t base = open_.back().base;
    height_ = height_ > base + count ? height_ - count : base;
  }
  void take(Price price, std::uint64_t pops, std::uint64_t pushes) noexcept {
    pay(price);
    if (price.runs_runtime) safepoint();
    pop(pops);
    push(pushes);
  }
  /// Code that follows cannot be reached.
  void dead() noexcept { height_ = open_.back().base; }

  void locals();
  void instruction();
  bool control(std::uint8_t opcode);
  bool exceptions(std::uint8_t opcode);
  void variables(std::uint8_t opcode);
  void numeric(std::uint8_t opcode);
  void bulk_operation();
  void vector_operation();
  void open_block(bool is_loop, bool is_try);
  void other_branch();
  void close_block();
  void branch_to(std::uint64_t label);
  void branch_table();
  void call(Arity arity, Price price);
  void memory_argument() {
    in_.u32();
    in_.u32();
  }

  Cursor& in_;
  const CodeContext& context_;
  const Arity type_;
  std::vector<OpenBlock> open_;
  std::uint64_t locals_ = 0;
  std::uint64_t height_ = 0;
  std::uint64_t sets_ = 0;  ///< of locals, so far
  std::uint64_t loops_ = 0;
  std::uint64_t tries_ = 0;  ///< that are open
  std::uint64_t instructions_ = 0;
  std::uint64_t machine_ = 200;  // frame and entry
  std::uint64_t compile_ = 0;
  std::uint64_t visits_ = 0;
  std::size_t deepest_ = 0;
};

}  // namespace trellis::wasm
