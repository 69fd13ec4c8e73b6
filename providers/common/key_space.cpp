#include "providers/common/key_space.hpp"

#include "providers/common/link_values.hpp"

namespace trellis::providers {

std::string KeySpace::id() const {
  // Kind comes first, so that a namespace that is called like an actor's key is not that actor's
  // own space.
  return static_cast<char>(kind) + name;
}

std::string KeySpace::prefix() const {
  // Common keys bear no prefix: first-party providers use bare keys (contracts.md 3.3), and data
  // they wrote must be found.
  return kind == Kind::common ? std::string() : name + ':';
}

Result<KeySpace> read_key_space(std::string_view actor, const codec::StringMap& values) {
  const auto shared = flag_value(values, "SHARED", true);
  if (!shared) return pass(shared);
  const std::string_view name = text_value(values, "NAMESPACE");
  // Refusal instead of a precedence: whichever of the two were ignored, somebody would share data
  // that was meant to be apart, or the other way round.
  if (!*shared && !name.empty()) {
    return fail(ErrorCode::invalid_argument,
                "link values NAMESPACE and SHARED=false exclude each other",
                "remove one of the two");
  }
  if (!*shared) return KeySpace{KeySpace::Kind::own, std::string(actor)};
  if (name.empty()) return KeySpace{};
  return KeySpace{KeySpace::Kind::named, std::string(name)};
}

}  // namespace trellis::providers
