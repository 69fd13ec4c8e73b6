// Module `env`: AssemblyScript's abort.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "wapc/guest_state.hpp"
#include "wapc/imports.hpp"

namespace trellis::wapc {
namespace {

using engine::GuestMemory;
using engine::HostCall;

// Bytes of an abort's text that are shown.
constexpr std::uint32_t shown_bytes = 2048;

/// A string of the AssemblyScript runtime: UTF-16, its length in bytes in the 4 bytes before it.
std::string managed_text(const GuestMemory& memory, std::uint32_t pointer) {
  if (pointer < 4) return {};
  const auto length = memory.read_u32(pointer - 4);
  if (!length) return {};
  const auto bytes = memory.view(pointer, std::min(*length, shown_bytes));
  return bytes ? utf16_to_utf8(*bytes) : std::string();
}

/// AssemblyScript's way to give up: the text goes to the log and into the trap.
void abort(HostCall& call) {
  // Pointers may be nonsense: text that cannot be read is empty, and the trap comes all the same.
  const GuestMemory memory = call.memory();
  const auto text = fmt::format("abort: {} at {}:{}:{}", managed_text(memory, call.u32(0)),
                                managed_text(memory, call.u32(1)), call.u32(2), call.u32(3));
  GuestState::of(call).log(text, LogLevel::warn);
  call.trap(text);
}

constexpr std::array<engine::HostFunction, 1> env_table{{{"abort", "iiii:", abort}}};

}  // namespace

std::span<const engine::HostFunction> env_functions() noexcept {
  return env_table;
}

}  // namespace trellis::wapc
