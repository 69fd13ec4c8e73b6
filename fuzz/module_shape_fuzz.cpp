// Modules on their way into the engine: what was capped once must not change when capped again, and
// costs no more than the engine may be asked for.
#include "base/limits.hpp"
#include "expect.hpp"
#include "wasm/module_shape.hpp"

using namespace trellis::wasm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const CompileLimits caps{.memory_pages = 100, .table_elements = 1000, .module_bytes = 1 << 20};
  const auto shape = shape_module({data, size}, caps);
  if (!shape) {
    expect(!shape.error().message.empty());
    return 0;
  }
  expect(shape->cost.machine_bytes <= trellis::limits::module_machine_bytes);
  expect(shape->cost.max_compile_bytes <= trellis::limits::function_compile_bytes);
  const auto again = shape_module(shape->capped, caps);
  expect(again.has_value());
  expect(again->capped == shape->capped);
  expect(again->cost.machine_bytes == shape->cost.machine_bytes);
  expect(!again->has_start);
  expect(again->imports.size() == shape->imports.size());
  expect(again->exports.size() == shape->exports.size() + (shape->has_start ? 1 : 0));
  return 0;
}
