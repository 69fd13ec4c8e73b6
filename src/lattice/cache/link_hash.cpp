#include "lattice/cache/link_hash.hpp"

#include <bit>
#include <cstddef>

namespace trellis::lattice {
namespace {

/// Start values are those of SipHash for a key of zeros (lattice.md 8.3).
struct SipState {
  std::uint64_t v0 = 0x736f6d6570736575;
  std::uint64_t v1 = 0x646f72616e646f6d;
  std::uint64_t v2 = 0x6c7967656e657261;
  std::uint64_t v3 = 0x7465646279746573;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void compress(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

/// Word of at most eight bytes, missing ones zero.
std::uint64_t little_endian(ByteView bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

}  // namespace

std::uint64_t siphash13(ByteView bytes) noexcept {
  SipState state;
  const auto length = static_cast<std::uint64_t>(bytes.size());
  while (bytes.size() >= 8) {
    state.compress(little_endian(bytes.first(8)));
    bytes = bytes.subspan(8);
  }
  // Last word has the length on top; then come the three rounds that make it SipHash-1-3.
  state.compress(little_endian(bytes) | (length << 56));
  state.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t link_hash(std::string_view actor, std::string_view contract,
                        std::string_view link_name) {
  Bytes text;
  text.reserve(actor.size() + contract.size() + link_name.size() + 3);
  for (const auto part : {actor, contract, link_name}) {
    text.insert(text.end(), part.begin(), part.end());
    text.push_back(0xff);
  }
  return siphash13(text);
}

}  // namespace trellis::lattice
