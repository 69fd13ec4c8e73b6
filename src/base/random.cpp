#include "base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace trellis {

void SystemRandom::fill(std::span<std::uint8_t> out) noexcept {
  while (!out.empty()) {
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // a kernel without getrandom cannot run anything that makes keys
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string make_uuid(Random& random) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::uint8_t, 16> raw{};
  random.fill(raw);
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0fU) | 0x40U);  // version 4
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3fU) | 0x80U);  // RFC 4122 variant
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[raw[i] >> 4U];
    text += digits[raw[i] & 0x0fU];
  }
  return text;
}

std::string make_nuid(Random& random) {
  static constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  text.reserve(22);
  while (text.size() < 22) {
    std::array<std::uint8_t, 32> raw{};
    random.fill(raw);
    for (const auto byte : raw) {
      if (byte >= 248) continue;  // 4 * 62: keeps every letter equally likely
      if (text.size() < 22) text += letters[byte % 62];
    }
  }
  return text;
}

}  // namespace trellis
