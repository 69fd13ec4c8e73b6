// Canonical form of a module: every LEB128 number minimal, all else as it is (identity.md 3.4).
// Needed by signers only, because first-party hosts hash this form instead of the file.
#pragma once

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::wasm {

/// Re-encodes a module. Knows the WebAssembly MVP, sign extension, saturating truncation, bulk
/// memory, multi-value and reference types. Errors: `malformed` with the offset; `unsupported`
/// with opcode and offset for any other feature (SIMD, atomics, tail calls, exceptions, 64-bit or
/// several memories). Hostile input is safe; the result is never larger than the input.
[[nodiscard]] Result<Bytes> canonical_module(ByteView module);

}  // namespace trellis::wasm
