// Reads MessagePack from outside: bounded, never allocating before a length is checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::codec {

/// One value, or the head of an array or map whose content follows.
struct Token {
  enum class Kind : std::uint8_t {
    nil,
    boolean,
    unsigned_integer,
    negative_integer,
    floating,
    string,
    binary,
    extension,
    array,
    map
  };
  Kind kind = Kind::nil;
  std::uint64_t number = 0;  ///< boolean, integers (negative: two's complement), extension type
  double floating = 0;
  std::uint32_t count = 0;  ///< elements of an array, pairs of a map
  ByteView data;            ///< string, binary, extension; a part of the input

  [[nodiscard]] std::int64_t negative() const noexcept { return static_cast<std::int64_t>(number); }
};

/// A cursor over borrowed bytes. Functions answer false on failure; the first failure is kept and
/// everything after it fails too, so callers only have to pass false on. Non-negative integers are
/// unsigned_integer however they were written. Belongs to one thread.
///
/// Error texts follow the first-party decoder (contracts.md 1.4, 2.1), whose users search for them.
class MsgpackReader {
 public:
  explicit MsgpackReader(ByteView input) noexcept : input_(input) {}

  /// The next value or head. A string, binary or extension lies wholly in the input; of an array or
  /// map at least one byte for each element is there.
  [[nodiscard]] bool next(Token& token);
  /// Whether the next value is nil; reads nothing.
  [[nodiscard]] bool at_nil() const noexcept;
  /// Passes over one value whatever it holds, without recursion.
  [[nodiscard]] bool skip();

  /// Put around reading the content of an array or map: bounds the depth (limits::msgpack_depth)
  /// and the number of values in the whole message (limits::msgpack_values).
  [[nodiscard]] bool enter(std::size_t values);
  void leave() noexcept { --depth_; }

  /// Fills `out` from an array of integers of which the head was read, whose count is checked.
  [[nodiscard]] bool byte_array(std::uint32_t count, Bytes& out);
  /// The key of a struct's field: a name (string or binary) or an index; `index` becomes
  /// names.size() for one that is unknown. `expected` is the field that usually comes next.
  [[nodiscard]] bool field_key(std::span<const std::string_view> names, std::size_t expected,
                               std::size_t& index);
  /// The key of an enumeration's one-entry map (lattice.md 2.1); unknown ones are an error.
  [[nodiscard]] bool variant_key(std::span<const std::string_view> names, std::size_t& index);
  /// Text of a string or binary token. Fails for other kinds and bad UTF-8.
  [[nodiscard]] bool text(const Token& token, std::string_view& out);

  /// Record a failure; always false.
  bool fail(std::string_view why, ErrorCode code = ErrorCode::malformed);
  bool invalid_type(const Token& token, std::string_view expected);
  bool invalid_value(const Token& token, std::string_view expected);

  [[nodiscard]] std::size_t remaining() const noexcept { return input_.size() - position_; }
  /// The failure, with the prefix `Failed to de-serialize: `. Call after something answered false.
  [[nodiscard]] Error error() const;

 private:
  [[nodiscard]] bool marker(std::uint8_t& out);
  [[nodiscard]] bool big_endian(std::size_t width, std::uint64_t& out);
  [[nodiscard]] bool unsigned_token(std::size_t width, Token& token);
  [[nodiscard]] bool signed_token(std::size_t width, Token& token);
  [[nodiscard]] bool float_token(std::size_t width, Token& token);
  [[nodiscard]] bool data_token(Token::Kind kind, std::uint64_t size, Token& token);
  [[nodiscard]] bool sized_data(Token::Kind kind, std::size_t width, Token& token);
  [[nodiscard]] bool extension(std::uint64_t size, Token& token);
  [[nodiscard]] bool head(Token::Kind kind, std::uint64_t count, Token& token);
  [[nodiscard]] bool sized_head(Token::Kind kind, std::size_t width, Token& token);
  [[nodiscard]] bool long_form(std::uint8_t mark, Token& token);

  ByteView input_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  bool failed_ = false;
  ErrorCode code_ = ErrorCode::malformed;
  std::string why_;
};

}  // namespace trellis::codec
