// Bounded reading of WebAssembly's binary format, and writing of its minimal integers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::wasm {

/// Reads forwards over borrowed bytes. The first failure sticks: later reads give zeros, so code
/// reads a whole structure and asks ok() once; loops ask at each turn. One thread.
class Cursor {
 public:
  /// `start` is the offset of `bytes` within the module, for error texts.
  explicit Cursor(ByteView bytes, std::size_t start = 0) : bytes_(bytes), start_(start) {}

  [[nodiscard]] bool ok() const noexcept { return error_.message.empty(); }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  /// Offset within the module.
  [[nodiscard]] std::size_t offset() const noexcept { return start_ + at_; }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }
  [[nodiscard]] const Error& error() const noexcept { return error_; }

  std::uint8_t u8();
  std::uint32_t u32();                     ///< unsigned LEB128, any length up to five bytes
  std::int64_t signed_leb(unsigned bits);  ///< 32, 33 or 64 bits
  ByteView bytes(std::size_t count);
  std::string_view name();  ///< length and UTF-8 text

  /// Notes the first failure; `why` is completed with the offset.
  void fail_here(std::string_view why) { fail_at(offset(), why, ErrorCode::malformed); }
  void fail_at(std::size_t offset, std::string_view why, ErrorCode code);
  /// Takes over the failure of a cursor that read a part.
  void adopt(const Error& error);

 private:
  ByteView bytes_;
  std::size_t start_;
  std::size_t at_ = 0;
  Error error_;
};

/// The minimal encodings.
void append_u32(Bytes& out, std::uint32_t value);
void append_signed(Bytes& out, std::int64_t value);

}  // namespace trellis::wasm
