// What a module imports and exports, and the form in which we compile it: caps written into its
// memory and table sections, its start section turned into an export (DESIGN 3).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/engine.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::engine {

/// Name under which a start function is exported. The engine calls it itself after instantiation,
/// because functions imported by it need the memory, which is reachable only through exports.
inline constexpr std::string_view start_export = "trellis.start";

struct ModuleShape {
  std::vector<Import> imports;
  std::vector<Export> exports;  ///< without start_export
  bool has_start = false;
  Bytes capped;  ///< the module to compile
};

/// Reads a binary module. Checks only what it needs to read and to cap; the engine validates the
/// rest. Errors: limit, malformed, unsupported (see Engine::compile).
[[nodiscard]] Result<ModuleShape> shape_module(ByteView module, const CompileLimits& limits);

}  // namespace trellis::engine
