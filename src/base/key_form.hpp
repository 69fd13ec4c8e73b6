// Form of public keys, where only names have to be told from them. Whether one is a key, checksum
// and all, says identity/keys.hpp.
#pragma once

#include <cstddef>
#include <string_view>

namespace trellis {

/// Characters of every nkey (identity.md 1.1), and so of first-party keys (contracts.md 2.4).
inline constexpr std::size_t key_form_chars = 56;

/// `type`: its first letter, M for actors, V for providers.
[[nodiscard]] constexpr bool has_key_form(std::string_view text, char type) noexcept {
  return text.size() == key_form_chars && text.front() == type;
}

}  // namespace trellis
