// From operation names to handlers: the guest's entry point (contracts.md 1.2 and 1.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "trellis/guest/abi.hpp"
#include "trellis/guest/message.hpp"

namespace trellis::guest {

/// One operation an actor answers.
struct Handler {
  const char* operation;
  Result<Bytes> (*run)(std::string_view payload);
};

namespace detail {

template <class Operation, auto function>
Result<Bytes> run_typed(std::string_view payload) {
  auto in = decode<typename Operation::In>(payload);
  if (!in) return in.error();
  auto out = function(*in);
  if (!out) return out.error();
  if constexpr (std::is_same_v<typename Operation::Out, Done>) {
    return Bytes("\xc0");  // nil: nobody looks at it
  } else {
    return encode(*out);
  }
}

inline constexpr std::string_view healthy("\x82\xa7healthy\xc3\xa7message\xa0", 19);

inline void respond(std::string_view bytes) {
  abi::trellis_guest_response(bytes.data(), bytes.size());
}
inline std::int32_t refuse(std::string_view text) {
  abi::trellis_guest_error(text.data(), text.size());
  return 0;
}

}  // namespace detail

/// A typed operation: `on<http::HandleRequest, handle>()`, where handle is
/// `Result<Out>(const In&)` with the operation's message types.
template <class Operation, auto function>
constexpr Handler on() {
  return {Operation::name, &detail::run_typed<Operation, function>};
}

/// An operation on raw bytes: `on_raw<echo>("Echo")`, where echo is
/// `Result<Bytes>(std::string_view)`.
template <auto function>
constexpr Handler on_raw(const char* operation) {
  return {operation, function};
}

/// Runs the call the host announced with two lengths. HealthRequest is answered here unless the
/// actor does so itself.
template <std::size_t count>
std::int32_t run_call(const Handler (&handlers)[count], std::size_t operation_size,
                      std::size_t payload_size) {
  std::string operation(operation_size, '\0');
  Bytes payload(payload_size, '\0');
  abi::trellis_guest_request(operation.data(), payload.data());
  for (const auto& handler : handlers) {
    if (operation != handler.operation) continue;
    auto result = handler.run(payload);
    if (!result) return detail::refuse(result.error().text);
    detail::respond(*result);
    return 1;
  }
  if (operation == "HealthRequest") {
    detail::respond(detail::healthy);
    return 1;
  }
  return detail::refuse("No handler registered for function \"" + operation + "\"");
}

}  // namespace trellis::guest

#if defined(__wasm__)

#define TRELLIS_GUEST_EXPORT(name) extern "C" __attribute__((export_name(name)))

/// The linker's list of static constructors. Calling it ourselves also keeps the linker from
/// wrapping every export in constructor and destructor calls (contracts.md 5.4).
extern "C" void __wasm_call_ctors();

/// In the one file of the module: initialisation, and allocation that traps when memory is out
/// instead of printing, which would need WASI.
#define TRELLIS_GUEST_RUNTIME                                  \
  TRELLIS_GUEST_EXPORT("wapc_init") void trellis_wapc_init() { \
    __wasm_call_ctors();                                       \
  }                                                            \
  void* operator new(std::size_t size) {                       \
    void* memory = std::malloc(size == 0 ? 1 : size);          \
    if (memory == nullptr) __builtin_trap();                   \
    return memory;                                             \
  }                                                            \
  void* operator new[](std::size_t size) {                     \
    return ::operator new(size);                               \
  }                                                            \
  void operator delete(void* memory) noexcept {                \
    std::free(memory);                                         \
  }                                                            \
  void operator delete[](void* memory) noexcept {              \
    std::free(memory);                                         \
  }                                                            \
  void operator delete(void* memory, std::size_t) noexcept {   \
    std::free(memory);                                         \
  }                                                            \
  void operator delete[](void* memory, std::size_t) noexcept { \
    std::free(memory);                                         \
  }

#else

#define TRELLIS_GUEST_EXPORT(name) extern "C"
#define TRELLIS_GUEST_RUNTIME

#endif

/// Makes the module an actor that answers the listed operations; write it once per module, at file
/// scope:
///   TRELLIS_ACTOR(on<http::HandleRequest, handle>())
#define TRELLIS_ACTOR(...)                                                                \
  TRELLIS_GUEST_RUNTIME                                                                   \
  TRELLIS_GUEST_EXPORT("__guest_call")                                                    \
  std::int32_t trellis_guest_call(std::size_t operation_size, std::size_t payload_size) { \
    static constexpr ::trellis::guest::Handler handlers[] = {__VA_ARGS__};                \
    return ::trellis::guest::run_call(handlers, operation_size, payload_size);            \
  }                                                                                       \
  static_assert(true, "a semicolon may follow")
