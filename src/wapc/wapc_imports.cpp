// Module `wapc`: the nine functions of contracts.md 1.1.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "wapc/guest_state.hpp"
#include "wapc/imports.hpp"

namespace trellis::wapc {
namespace {

using engine::GuestMemory;
using engine::HostCall;

// Range outside the memory ends the guest's call; the reference host ends with it
// (contracts.md 1.1).
void bad_range(HostCall& call, std::string_view function) {
  call.trap(fmt::format("out of bounds memory access in {}", function));
}

void guest_request(HostCall& call) {
  const GuestState& state = GuestState::of(call);
  // Initialisation has no request, so that nothing is written (contracts.md 1.3).
  if (!state.has_request) return;
  const GuestMemory memory = call.memory();
  if (!memory.write(call.u32(0), as_bytes(state.operation)) ||
      !memory.write(call.u32(1), state.payload)) {
    bad_range(call, "__guest_request");
  }
}

void guest_response(HostCall& call) {
  GuestState& state = GuestState::of(call);
  const auto bytes = call.memory().view(call.u32(0), call.u32(1));
  if (!bytes) return bad_range(call, "__guest_response");
  // Sum of a call's responses is bounded: a guest may set them again and again, and each is copied.
  if (bytes->size() > state.limits.payload_bytes - state.response_bytes) {
    state.over_limit = true;
    return call.trap(
        fmt::format("responses of one call exceed {} bytes", state.limits.payload_bytes));
  }
  state.response_bytes += bytes->size();
  // Copied at once: the guest may free its buffer as soon as this returns (contracts.md 1.7).
  state.response.assign(bytes->begin(), bytes->end());
  state.has_response = true;
}

void guest_error(HostCall& call) {
  GuestState& state = GuestState::of(call);
  const auto bytes = call.memory().view(call.u32(0), call.u32(1));
  if (!bytes) return bad_range(call, "__guest_error");
  const auto text = cut_text(as_text(*bytes), state.limits.error_bytes);
  state.error = is_utf8(text) ? std::string(text) : replace_bad_utf8(text);
  state.has_error = true;
}

/// The views of one `__host_call`, into guest memory.
struct HostCallArguments {
  std::string_view binding;
  std::string_view ns;
  std::string_view operation;
  ByteView payload;
};

/// Arguments as views; nothing when one of them leaves the memory.
std::optional<HostCallArguments> host_call_arguments(HostCall& call) noexcept {
  const GuestMemory memory = call.memory();
  std::array<ByteView, 4> views;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto view = memory.view(call.u32(2 * i), call.u32(2 * i + 1));
    if (!view) return std::nullopt;
    views[i] = *view;
  }
  return HostCallArguments{as_text(views[0]), as_text(views[1]), as_text(views[2]), views[3]};
}

/// Objection to the arguments, as the host error the guest reads; empty when there is none.
std::string objection(const HostCallArguments& wanted, const GuestLimits& limits) {
  for (const auto name : {wanted.binding, wanted.ns, wanted.operation}) {
    if (name.size() > limits::name_bytes) {
      return fmt::format("name of {} bytes in host call exceeds {} bytes", name.size(),
                         limits::name_bytes);
    }
    if (!is_utf8(name)) return "invalid UTF-8 in host call";
  }
  if (wanted.payload.size() > limits.payload_bytes) {
    return fmt::format("host call payload of {} bytes exceeds {} bytes", wanted.payload.size(),
                       limits.payload_bytes);
  }
  return {};
}

/// Host's answer, within the bounds of what a guest may send and get.
Result<Bytes> ask_host(GuestState& state, const HostCallArguments& wanted) {
  // Objections are host errors, which the author of the guest gets to read, and no traps.
  if (auto wrong = objection(wanted, state.limits); !wrong.empty()) {
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  }
  auto answer = contained([&] {
    return state.host->host_call(wanted.binding, wanted.ns, wanted.operation, wanted.payload);
  });
  if (answer && answer->size() > state.limits.payload_bytes) {
    return fail(ErrorCode::limit, fmt::format("host response of {} bytes exceeds {} bytes",
                                              answer->size(), state.limits.payload_bytes));
  }
  return answer;
}

void host_call(HostCall& call) {
  GuestState& state = GuestState::of(call);
  // Results of the host call before end here, whatever becomes of this one (contracts.md 1.4).
  state.has_host_response = state.has_host_error = false;
  const auto wanted = host_call_arguments(call);
  if (!wanted) return bad_range(call, "__host_call");
  auto answer = ask_host(state, *wanted);
  // The watchdog stops guest code, not ours: whoever comes back late ends here.
  if (std::chrono::steady_clock::now() >= state.deadline) return call.stop();
  if (answer) {
    state.host_response = std::move(*answer);
    state.has_host_response = true;
  } else {
    // Message alone: remedies are for people.
    state.host_error = std::move(answer.error().message);
    state.has_host_error = true;
  }
  call.result(state.has_host_response ? 1 : 0);
}

void host_response_len(HostCall& call) {
  const GuestState& state = GuestState::of(call);
  call.result(state.has_host_response ? static_cast<std::uint32_t>(state.host_response.size()) : 0);
}

void host_response(HostCall& call) {
  const GuestState& state = GuestState::of(call);
  // Room is the guest's to make, which has asked for the length before (contracts.md 1.4).
  if (state.has_host_response && !call.memory().write(call.u32(0), state.host_response)) {
    bad_range(call, "__host_response");
  }
}

void host_error_len(HostCall& call) {
  const GuestState& state = GuestState::of(call);
  call.result(state.has_host_error ? static_cast<std::uint32_t>(state.host_error.size()) : 0);
}

void host_error(HostCall& call) {
  const GuestState& state = GuestState::of(call);
  if (state.has_host_error && !call.memory().write(call.u32(0), as_bytes(state.host_error))) {
    bad_range(call, "__host_error");
  }
}

void console_log(HostCall& call) {
  const auto bytes = call.memory().view(call.u32(0), call.u32(1));
  if (!bytes) return bad_range(call, "__console_log");
  GuestState::of(call).log(as_text(*bytes), LogLevel::info);
}

constexpr std::array<engine::HostFunction, 9> wapc_table{{
    {"__guest_request", "ii:", guest_request},
    {"__guest_response", "ii:", guest_response},
    {"__guest_error", "ii:", guest_error},
    {"__host_call", "iiiiiiii:i", host_call},
    {"__host_response_len", ":i", host_response_len},
    {"__host_response", "i:", host_response},
    {"__host_error_len", ":i", host_error_len},
    {"__host_error", "i:", host_error},
    {"__console_log", "ii:", console_log},
}};

}  // namespace

std::span<const engine::HostFunction> wapc_functions() noexcept {
  return wapc_table;
}

}  // namespace trellis::wapc
