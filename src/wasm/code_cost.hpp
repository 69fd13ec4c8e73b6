// Cost of compiling a module's code, worked out before the engine sees it: a module of some hundred
// kilobytes can make a compiler ask for gigabytes, which ends the process.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "trellis/result.hpp"
#include "wasm/cursor.hpp"

namespace trellis::wasm {

/// Numbers of parameters and results of a function type.
struct Arity {
  std::uint32_t parameters = 0;
  std::uint32_t results = 0;
};

/// Declarations that the code section refers to; borrowed. Indices that are out of range count as
/// types without parameters and results: the engine refuses them before they cost anything.
struct CodeContext {
  std::span<const Arity> types;
  std::span<const std::uint32_t> functions;  ///< type of each, imported ones first
  std::size_t imported_functions = 0;
  std::span<const std::uint32_t> tags;  ///< type of each exception tag
};

/// Estimates, from figures measured per instruction; high rather than low.
struct CodeCost {
  std::uint64_t machine_bytes = 0;      ///< machine code of the module
  std::uint64_t max_compile_bytes = 0;  ///< of the compiler's memory, for one function
  std::uint64_t slot_visits = 0;        ///< looks at locals and operands
};

/// Reads a code section to its end. Fails with limit when a function or the module would cost more
/// than base/limits.hpp allows, with malformed or unsupported when it cannot be read. Linear in the
/// section. The error names the function.
[[nodiscard]] Result<CodeCost> measure_code(Cursor& in, const CodeContext& context);

}  // namespace trellis::wasm
