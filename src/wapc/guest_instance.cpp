#include "wapc/guest_instance.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::wapc {
namespace {

using engine::CallEnd;
using engine::CallResult;

/// Words for an end that was no return.
std::string text_of(const CallResult& ended) {
  switch (ended.end) {
    case CallEnd::exited: return fmt::format("[trap] guest exited with code {}", ended.value);
    case CallEnd::interrupted: return "stopped at the deadline of the call";
    case CallEnd::returned:
    case CallEnd::trapped:
    case CallEnd::exhausted:
    case CallEnd::refused: break;
  }
  return ended.text;
}

/// Kind of error that an end other than a return is.
ErrorCode code_of(const CallResult& ended, const GuestState& state) noexcept {
  switch (ended.end) {
    case CallEnd::interrupted: return ErrorCode::deadline;
    case CallEnd::exhausted:
    case CallEnd::refused: return ErrorCode::limit;
    case CallEnd::returned:
    case CallEnd::trapped:
    case CallEnd::exited: break;
  }
  // Trap that a limit of ours has caused is told as a limit.
  return state.over_limit ? ErrorCode::limit : ErrorCode::guest_failed;
}

/// Error in the words of waPC hosts (contracts.md 1.4).
std::unexpected<Error> call_failure(ErrorCode code, std::string_view text) {
  return fail(code, fmt::format("Guest call failure: {}", text));
}

}  // namespace

GuestInstance::GuestInstance(std::shared_ptr<GuestBlueprint> blueprint)
    : blueprint_(std::move(blueprint)),
      state_(blueprint_->limits, *blueprint_->system.clock, *blueprint_->system.random) {}

Result<void> GuestInstance::initialise(HostCalls& host) {
  // State comes before the module: its start section may call imports already (contracts.md 1.3).
  const GuestState::Call call(state_, host,
                              std::chrono::steady_clock::now() + blueprint_->limits.init_timeout);
  auto made = blueprint_->module->instantiate({.imports = blueprint_->imports,
                                               .functions = slot_names,
                                               .context = &state_,
                                               .deadline = state_.deadline});
  if (!made) return pass(made);
  instance_ = std::move(*made);
  // A command has _start, a reactor _initialize; no module needs both.
  auto done = run_initialiser(blueprint_->present[start_slot] ? start_slot : initialize_slot);
  return done ? run_initialiser(init_slot) : done;
}

Result<void> GuestInstance::run_initialiser(Slot slot) {
  if (!blueprint_->present[slot]) return {};
  const CallResult ended = instance_->call(slot, {}, state_.deadline);
  if (ended.end == CallEnd::returned) return {};
  // Exit with 0 is how the _start of a command ends (contracts.md 1.3).
  if (slot == start_slot && ended.end == CallEnd::exited && ended.value == 0) return {};
  return fail(code_of(ended, state_), fmt::format("Failed during starter initialization '{}': {}",
                                                  slot_names[slot], text_of(ended)));
}

Result<Bytes> GuestInstance::call(std::string_view operation, ByteView payload, HostCalls& host,
                                  SteadyTime deadline) {
  if (in_call_) {
    return fail(ErrorCode::busy, "the guest instance is already executing a call",
                "waPC is not re-entrant: take another instance");
  }
  if (!usable_) return fail(ErrorCode::not_started, "the guest instance ended with a failure");
  if (!guest_stack()) {
    return fail(ErrorCode::invalid_argument, "guests can be entered from a GuestThread only",
                "hand the call over to a worker thread of the host");
  }
  // Sizes are checked before the guest is entered: it reserves what it is told.
  if (payload.size() > state_.limits.payload_bytes || operation.size() > limits::name_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("request of {} bytes with an operation of {} bytes exceeds the limits "
                            "of {} and {} bytes",
                            payload.size(), operation.size(), state_.limits.payload_bytes,
                            limits::name_bytes));
  }
  return contained([&] {
    const Restore inside(in_call_, true);
    usable_ = false;  // unless this ends in order: nobody knows what a failure in between left
    const auto ended = enter(operation, payload, host, deadline);
    usable_ = true;
    return conclude(ended);
  });
}

CallResult GuestInstance::enter(std::string_view operation, ByteView payload, HostCalls& host,
                                SteadyTime deadline) {
  const GuestState::Call call(state_, host, deadline);
  // Operation and payload are the caller's, who waits: nothing is copied before the guest asks.
  state_.has_request = true;
  state_.operation = operation;
  state_.payload = payload;
  const std::array lengths{static_cast<std::uint32_t>(operation.size()),
                           static_cast<std::uint32_t>(payload.size())};
  return instance_->call(guest_call_slot, lengths, deadline);
}

Result<Bytes> GuestInstance::conclude(const CallResult& ended) {
  if (ended.end == CallEnd::returned) return answer(ended.value != 0);
  // Response of a call that failed is given to nobody.
  state_.response = {};
  if (ended.end != CallEnd::refused) usable_ = false;  // contracts.md 1.9
  return call_failure(code_of(ended, state_), text_of(ended));
}

/// The table of contracts.md 1.4.
Result<Bytes> GuestInstance::answer(bool success) {
  if (success && state_.has_response) return std::move(state_.response);
  state_.response = {};  // it may be large, and an idle instance may live long
  if (state_.has_error) return call_failure(ErrorCode::guest_failed, state_.error);
  return call_failure(ErrorCode::guest_failed,
                      success ? "No error message OR response set for call success"
                              : "No error message set for call failure");
}

}  // namespace trellis::wapc
