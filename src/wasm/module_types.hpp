// Parts that a module offers and asks for, and the caps it is compiled under.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trellis::wasm {

/// Caps of one module and of each of its instances.
struct CompileLimits {
  std::uint32_t memory_pages = 0;    ///< of 64 KiB; the module's own maximum is lowered to this
  std::uint32_t table_elements = 0;  ///< per table, likewise
  std::size_t module_bytes = 0;
};

/// Function types as text: a letter per parameter, ':', a letter per result. i = i32, I = i64,
/// f = f32, F = f64, v = v128, r = a reference. "ii:" takes two i32 and returns nothing.
using SignatureText = std::string;

/// "(i32, i32) -> i32" for error texts.
[[nodiscard]] std::string describe_signature(std::string_view signature);

/// One imported function. Modules that import anything else are refused by compile().
struct Import {
  std::string module;
  std::string name;
  SignatureText signature;
};

enum class ExportKind : std::uint8_t { function, table, memory, global, tag };

struct Export {
  std::string name;
  ExportKind kind = ExportKind::function;
  std::string_view signature;  ///< of functions only; lives as long as the module
};

}  // namespace trellis::wasm
