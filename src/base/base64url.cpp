#include "base/base64url.hpp"

#include "base/bit_text.hpp"

namespace trellis {
namespace {
constexpr BitText<6> base64url("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

std::string base64url_encode(ByteView bytes) {
  return base64url.encode(bytes);
}
std::optional<Bytes> base64url_decode(std::string_view text) {
  return base64url.decode(text);
}

}  // namespace trellis
