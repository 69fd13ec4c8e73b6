#include "base/base32.hpp"

#include "base/bit_text.hpp"

namespace trellis {
namespace {
constexpr BitText<5> base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

std::string base32_encode(ByteView bytes) {
  return base32.encode(bytes);
}
std::optional<Bytes> base32_decode(std::string_view text) {
  return base32.decode(text);
}

}  // namespace trellis
