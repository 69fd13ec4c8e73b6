// The outer structure of a WebAssembly module: its sections, without what is in them
// (identity.md 3.2 rule 1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"
#include "wasm/cursor.hpp"

namespace trellis::wasm {

inline constexpr std::size_t wasm_header_bytes = 8;

/// Where one section lies; offsets are from the start of the module.
struct Section {
  std::uint8_t id = 0;      ///< 0 = custom
  std::size_t begin = 0;    ///< of the id byte
  std::size_t content = 0;  ///< behind id and size; for a custom section behind its name too
  std::size_t end = 0;      ///< one past the last byte
  std::string_view name;    ///< of a custom section; lives as long as the module
};

/// Hands out the sections one after the other, so that memory does not grow with their number.
/// Refuses whatever identity.md 3.2 calls malformed. One thread.
class Sections {
 public:
  /// Checks size, magic and version. `module` must outlive the walker.
  [[nodiscard]] static Result<Sections> open(ByteView module);

  /// The next section; nothing after the last, which ends exactly where the module does.
  [[nodiscard]] Result<std::optional<Section>> next();

 private:
  explicit Sections(ByteView module) : module_(module), at_(wasm_header_bytes) {}
  ByteView module_;
  std::size_t at_;
  unsigned last_rank_ = 0;  ///< place in the prescribed order of the last section that has one
};

}  // namespace trellis::wasm
