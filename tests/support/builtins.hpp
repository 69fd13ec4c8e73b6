// The providers of the binary, for tests of layers below them.
#pragma once

#include <span>

#include "providers/builtin.hpp"

namespace trellis::test {

[[nodiscard]] inline std::span<const BuiltinProvider> all_builtins() {
  return providers::builtins();
}

}  // namespace trellis::test
