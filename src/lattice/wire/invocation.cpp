// Sizes here are counted, and must be those that the encoder makes (lattice.md 2.1 to 2.4).
#include "lattice/wire/invocation.hpp"

#include "base/hash.hpp"

namespace trellis::lattice {
namespace {

std::size_t string_size(std::string_view text) noexcept {
  const auto size = text.size();
  return size + (size < 32 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : 5);
}

std::size_t integers_size_with_head(ByteView msg) noexcept {
  return integers_size(msg) + (msg.size() < 16 ? 1 : msg.size() < 0x10000 ? 3 : 5);
}

/// Entity is a map of one entry: the index of its kind, then a key or a map of three.
std::size_t entity_size(const Entity& entity) noexcept {
  const auto* provider = entity.capability();
  if (provider == nullptr) return 2 + string_size(entity.key());
  return 3 + string_size("id") + string_size(provider->id) + string_size("contract_id") +
         string_size(provider->contract_id) + string_size("link_name") +
         string_size(provider->link_name);
}

}  // namespace

std::string Invocation::target_url() const {
  auto url = target.url();
  url += '/';
  return url += operation;
}

// Origin comes first, although first-party functions name the target first (lattice.md 3.2).
std::string invocation_hash(std::string_view origin_url, std::string_view target_url,
                            ByteView msg) {
  return sha256_upper_hex({as_bytes(origin_url), as_bytes(target_url), msg});
}

std::size_t integers_size(ByteView msg) noexcept {
  std::size_t size = msg.size();
  // Bytes travel as integers: one byte below 128, two from there on.
  for (const auto byte : msg) size += byte >> 7;
  return size;
}

std::size_t encoded_size(const Invocation& call) noexcept {
  return 1 + string_size("origin") + entity_size(call.origin) + string_size("target") +
         entity_size(call.target) + string_size("operation") + string_size(call.operation) +
         string_size("msg") + integers_size_with_head(call.msg) + string_size("id") +
         string_size(call.id) + string_size("encoded_claims") + string_size(call.encoded_claims) +
         string_size("host_id") + string_size(call.host_id);
}

std::size_t encoded_size(const InvocationResponse& response) noexcept {
  return 1 + string_size("msg") + integers_size_with_head(response.msg) + string_size("error") +
         (response.error ? string_size(*response.error) : 1) + string_size("invocation_id") +
         string_size(response.invocation_id);
}

}  // namespace trellis::lattice
