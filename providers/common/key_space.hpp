// Key spaces: whose keys a link reaches, in stores that many actors share.
//
// Link values, both optional:
//   SHARED     true (default): one key space for all actors; false: one of the actor's own
//   NAMESPACE  the name of another shared key space; not with SHARED=false
#pragma once

#include <string>
#include <string_view>

#include "codec/fields.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

struct KeySpace {
  enum class Kind : char { common = 'c', named = 'n', own = 'o' };

  Kind kind = Kind::common;
  std::string name;  ///< the namespace, or the actor's key; empty for the common space

  /// For tables of spaces: different for each.
  [[nodiscard]] std::string id() const;
  /// Prefix of keys in a store that knows no spaces: nothing for the common one, else the name and
  /// a colon.
  [[nodiscard]] std::string prefix() const;
};

/// Error: invalid_argument.
[[nodiscard]] Result<KeySpace> read_key_space(std::string_view actor,
                                              const codec::StringMap& values);

}  // namespace trellis::providers
