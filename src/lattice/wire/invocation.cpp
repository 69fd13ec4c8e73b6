#include "lattice/wire/invocation.hpp"

#include "identity/hash.hpp"

namespace trellis::lattice {

std::string Invocation::target_url() const {
  auto url = target.url();
  url += '/';
  return url += operation;
}

std::string invocation_hash(std::string_view origin_url, std::string_view target_url,
                            ByteView msg) {
  return identity::sha256_upper_hex({as_bytes(origin_url), as_bytes(target_url), msg});
}

std::size_t integers_size(ByteView msg) noexcept {
  std::size_t size = msg.size();
  for (const auto byte : msg) size += byte >> 7;
  return size;
}

}  // namespace trellis::lattice
