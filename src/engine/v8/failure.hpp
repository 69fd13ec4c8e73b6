// Exceptions of V8, as text for callers.
#pragma once

#include <v8.h>

#include <string>

namespace trellis::engine {

struct ThrownText {
  std::string kind;     ///< "CompileError", "RuntimeError", "RangeError", "LinkError", ...
  std::string message;  ///< without the name of the engine's function in front
};

/// Reads a caught exception. Requires an entered isolate and context, and that it does not
/// terminate.
[[nodiscard]] ThrownText describe_exception(v8::Isolate* isolate, v8::Local<v8::Context> context,
                                            v8::Local<v8::Value> thrown);

/// The text for an exception out of guest code, beginning with "[trap] " (contracts.md 1.4).
[[nodiscard]] std::string trap_text(const ThrownText& thrown);

}  // namespace trellis::engine
