// The nine functions a waPC host gives a guest, and safe wrappers around them (contracts.md 1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "trellis/guest/result.hpp"

namespace trellis::guest::abi {

#if defined(__wasm__)
#define TRELLIS_GUEST_IMPORT(name) \
  extern "C" __attribute__((import_module("wapc"), import_name(#name)))
#else
// Native builds (unit tests) define these functions themselves.
#define TRELLIS_GUEST_IMPORT(name) extern "C"
#endif

TRELLIS_GUEST_IMPORT(__guest_request)
void trellis_guest_request(char* operation, char* payload);
TRELLIS_GUEST_IMPORT(__guest_response)
void trellis_guest_response(const char* bytes, std::size_t size);
TRELLIS_GUEST_IMPORT(__guest_error)
void trellis_guest_error(const char* text, std::size_t size);
TRELLIS_GUEST_IMPORT(__host_call)
std::int32_t trellis_host_call(const char* binding, std::size_t binding_size, const char* ns,
                               std::size_t ns_size, const char* operation,
                               std::size_t operation_size, const char* payload, std::size_t size);
TRELLIS_GUEST_IMPORT(__host_response_len)
std::size_t trellis_host_response_len();
TRELLIS_GUEST_IMPORT(__host_response)
void trellis_host_response(char* out);
TRELLIS_GUEST_IMPORT(__host_error_len)
std::size_t trellis_host_error_len();
TRELLIS_GUEST_IMPORT(__host_error)
void trellis_host_error(char* out);
TRELLIS_GUEST_IMPORT(__console_log)
void trellis_console_log(const char* text, std::size_t size);

#undef TRELLIS_GUEST_IMPORT

}  // namespace trellis::guest::abi

namespace trellis::guest {

/// Calls a capability (`ns` = contract id) or another actor (`ns` = public key or call alias) and
/// waits for the answer. `link` is the link name; actors do not look at it.
inline Result<Bytes> host_call(std::string_view ns, std::string_view operation,
                               std::string_view payload, std::string_view link = "default") {
  const auto ok =
      abi::trellis_host_call(link.data(), link.size(), ns.data(), ns.size(), operation.data(),
                             operation.size(), payload.data(), payload.size());
  if (ok != 0) {
    Bytes response(abi::trellis_host_response_len(), '\0');
    abi::trellis_host_response(response.data());
    return response;
  }
  std::string text(abi::trellis_host_error_len(), '\0');
  abi::trellis_host_error(text.data());
  return Error{text};
}

/// Writes one line to the host's log.
inline void console_log(std::string_view text) {
  abi::trellis_console_log(text.data(), text.size());
}

/// Gives up: the text goes to the host's log, the caller gets an error, and the host replaces this
/// instance by a fresh one. For what cannot happen; return an Error for what can.
[[noreturn]] inline void panic(std::string_view text) {
  console_log(text);
  __builtin_trap();
}

}  // namespace trellis::guest
