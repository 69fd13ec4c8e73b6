#include "wasm/code_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "wasm/function_meter.hpp"

namespace trellis::wasm {
namespace {

/// Error that names the function: its author has to find it.
std::unexpected<Error> too_costly(std::size_t function, std::string_view what,
                                  std::string_view remedy) {
  return fail(ErrorCode::limit, fmt::format("function {} of the module {}", function, what),
              std::string(remedy));
}

constexpr std::string_view smaller_functions =
    "build the module with optimisation, or divide the function into smaller ones";

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", bytes / limits::mib);
}

/// Judges one function; its machine code on success.
Result<CodeCost> measure_function(Cursor body, const CodeContext& context, std::size_t index) {
  if (body.left() > limits::function_bytes) {
    return too_costly(
        index,
        fmt::format("has {} bytes of code; the limit is {}", body.left(), limits::function_bytes),
        smaller_functions);
  }
  FunctionMeter meter(body, context, context.functions[index]);
  meter.run();
  if (meter.local_count() > limits::function_locals) {
    return too_costly(index, fmt::format("has more than {} locals", limits::function_locals),
                      smaller_functions);
  }
  if (meter.deepest() > limits::function_nesting) {
    return too_costly(index,
                      fmt::format("has blocks nested deeper than {}", limits::function_nesting),
                      smaller_functions);
  }
  if (meter.compile_bytes() > limits::function_compile_bytes) {
    return too_costly(index,
                      fmt::format("would take more than {} to compile",
                                  mebibytes(limits::function_compile_bytes)),
                      smaller_functions);
  }
  // The module's bound is passed already; its error is said where the sum is.
  if (meter.cost().machine_bytes > limits::module_machine_bytes ||
      meter.cost().slot_visits > limits::module_slot_visits) {
    return meter.cost();
  }
  if (!body.ok()) {
    return fail(body.error().code, fmt::format("not a valid WebAssembly module: in function {}: {}",
                                               index, body.error().message));
  }
  if (!body.at_end()) {
    return fail(
        ErrorCode::malformed,
        fmt::format("not a valid WebAssembly module: function {} goes on behind its end", index));
  }
  return meter.cost();
}

}  // namespace

Result<CodeCost> measure_code(Cursor& in, const CodeContext& context) {
  const std::size_t declared = context.functions.size() - context.imported_functions;
  CodeCost total;
  // Count comes first, because the loop below takes one body for each declared function.
  if (const std::uint32_t count = in.u32(); in.ok() && count != declared) {
    return fail(ErrorCode::malformed,
                fmt::format("not a valid WebAssembly module: it declares {} functions and has code "
                            "of {}",
                            declared, count));
  }
  for (std::size_t i = context.imported_functions; i < context.functions.size() && in.ok(); ++i) {
    const std::uint32_t size = in.u32();
    const std::size_t begin = in.offset();
    const ByteView body = in.bytes(size);
    if (!in.ok()) break;
    auto cost = measure_function(Cursor(body, begin), context, i);
    if (!cost) return pass(cost);
    total.machine_bytes += cost->machine_bytes;
    total.max_compile_bytes = std::max(total.max_compile_bytes, cost->max_compile_bytes);
    total.slot_visits += cost->slot_visits;
    // Sums are looked at after each function: a hostile module is not read any further.
    if (total.slot_visits > limits::module_slot_visits) {
      return fail(ErrorCode::limit,
                  fmt::format("the module would take too long to compile: its functions have too "
                              "many locals for their branches and calls (up to function {})",
                              i),
                  std::string(smaller_functions));
    }
    if (total.machine_bytes > limits::module_machine_bytes) {
      return fail(ErrorCode::limit,
                  fmt::format("the module would take more than {} of machine code",
                              mebibytes(limits::module_machine_bytes)),
                  "build the module with optimisation for size, or divide it into several actors");
    }
  }
  return total;
}

}  // namespace trellis::wasm
