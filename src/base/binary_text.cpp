#include "base/binary_text.hpp"

#include <sodium.h>

#include <array>
#include <cstdint>

namespace trellis {
namespace {

/// Coding that base32 and base64url share: text where each character of `alphabet` (2^Bits of them)
/// stands for Bits bits, first bits first.
template <unsigned Bits>
class BitText {
 public:
  constexpr explicit BitText(std::string_view alphabet) : alphabet_(alphabet) {
    values_.fill(foreign);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
      values_[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
  }

  [[nodiscard]] std::string encode(ByteView bytes) const {
    std::string text;
    text.reserve((bytes.size() * 8 + Bits - 1) / Bits);
    unsigned held = 0;  // bits that wait in `buffer`
    std::uint32_t buffer = 0;
    for (const auto byte : bytes) {
      buffer = (buffer << 8U) | byte;
      for (held += 8; held >= Bits; held -= Bits) text += letter(buffer >> (held - Bits));
    }
    if (held > 0) text += letter(buffer << (Bits - held));
    return text;
  }

  /// Nothing unless `text` is exactly what encode() makes of some bytes.
  [[nodiscard]] std::optional<Bytes> decode(std::string_view text) const {
    Bytes bytes;
    bytes.reserve(text.size() * Bits / 8);
    unsigned held = 0;
    std::uint32_t buffer = 0;
    for (const char c : text) {
      const auto value = values_[static_cast<unsigned char>(c)];
      if (value == foreign) return std::nullopt;
      buffer = (buffer << Bits) | value;
      held += Bits;
      if (held >= 8) {
        held -= 8;
        bytes.push_back(static_cast<std::uint8_t>((buffer >> held) & 0xffU));
      }
    }
    const bool whole_letter_unused = held >= Bits;
    const bool unused_bits_set = (buffer & ((1U << held) - 1U)) != 0;
    if (whole_letter_unused || unused_bits_set) return std::nullopt;
    return bytes;
  }

 private:
  static constexpr std::uint8_t foreign = 0xff;
  [[nodiscard]] char letter(std::uint32_t bits) const {
    return alphabet_[bits & ((1U << Bits) - 1U)];
  }
  std::string_view alphabet_;
  std::array<std::uint8_t, 256> values_{};
};

constexpr BitText<5> base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
constexpr BitText<6> base64url("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

}  // namespace

std::string base32_encode(ByteView bytes) {
  return base32.encode(bytes);
}
std::optional<Bytes> base32_decode(std::string_view text) {
  return base32.decode(text);
}

std::string base64url_encode(ByteView bytes) {
  return base64url.encode(bytes);
}
std::optional<Bytes> base64url_decode(std::string_view text) {
  return base64url.decode(text);
}

std::string base64_encode(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t length = 0;
  const char* end = nullptr;
  // Text must have been read to its end: libsodium stops without an error where a foreign character
  // stands.
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                        &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

}  // namespace trellis
