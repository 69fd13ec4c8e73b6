// Shape of a module: what it imports and exports, what compiling it costs, and the form in which we
// compile it: caps written into its memory and table sections, its start section turned into an
// export, custom sections (names, debug information, tokens) left out.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"
#include "wasm/code_cost.hpp"
#include "wasm/module_types.hpp"

namespace trellis::wasm {

/// Name under which a start function is exported. The engine calls it itself after instantiation,
/// because functions imported by it need the memory, which is reachable only through exports.
inline constexpr std::string_view start_export = "trellis.start";

struct ModuleShape {
  /// One text for each type, which the exports share; behind a pointer, so that it stays in place.
  std::shared_ptr<const std::vector<SignatureText>> types;
  std::vector<Import> imports;
  std::vector<Export> exports;  ///< without start_export
  bool has_start = false;
  CodeCost cost;
  Bytes capped;  ///< the module to compile
};

/// Reads a binary module. Checks what it needs to read and to cap, and bounds everything the engine
/// would have to keep or to work out; the engine validates the rest. Errors: limit, malformed,
/// unsupported (see Engine::compile).
[[nodiscard]] Result<ModuleShape> shape_module(ByteView module, const CompileLimits& limits);

}  // namespace trellis::wasm
