#include "providers/common/key_space.hpp"

#include "providers/common/link_values.hpp"

namespace trellis::providers {

std::string KeySpace::id() const {
  return static_cast<char>(kind) + name;
}

std::string KeySpace::prefix() const {
  return kind == Kind::common ? std::string() : name + ':';
}

Result<KeySpace> read_key_space(std::string_view actor, const codec::StringMap& values) {
  const auto shared = flag_value(values, "SHARED", true);
  if (!shared) return pass(shared);
  const std::string_view name = text_value(values, "NAMESPACE");
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
