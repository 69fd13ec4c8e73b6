// Reads WebAssembly structures and writes them back with minimal numbers: the pieces that section
// and instruction re-encoding share. Internal to this folder.
#pragma once

#include <cstdint>
#include <string_view>

#include "wasm/cursor.hpp"

namespace trellis::wasm {

/// Copies from a cursor to an output buffer. Failures stick in the cursor. One thread.
class Copier {
 public:
  Copier(Cursor& in, Bytes& out) : in_(in), out_(out) {}

  [[nodiscard]] Cursor& in() noexcept { return in_; }
  [[nodiscard]] Bytes& out() noexcept { return out_; }

  std::uint8_t byte();
  std::uint32_t u32();
  std::int64_t signed_leb(unsigned bits);
  void raw(std::size_t count);
  void name();
  void value_type();
  void reference_type();
  void limits();

  /// Copies a count and then as many elements.
  template <class Element>
  void vector(Element element) {
    const auto count = u32();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) element();
  }

  /// A feature that canonical_module() does not know, begun at `last_item_`.
  void unsupported(std::string_view what);

 private:
  Cursor& in_;
  Bytes& out_;
  std::size_t last_item_ = 0;  // offset of the byte or number read last, for error texts
};

/// Copies instructions up to and including the `end` that closes the expression.
void copy_expression(Copier& copy);

}  // namespace trellis::wasm
