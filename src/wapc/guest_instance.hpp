// One guest: an instance of the engine and the waPC state beside it.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "engine/engine.hpp"
#include "wapc/guest.hpp"
#include "wapc/guest_state.hpp"

namespace trellis::wapc {

/// Functions a guest exports for us, by slot.
enum Slot : std::size_t { start_slot, initialize_slot, init_slot, guest_call_slot };
inline constexpr std::array<std::string_view, 4> slot_names{"_start", "_initialize", "wapc_init",
                                                            "__guest_call"};

/// Parts that all instances of a module share; they keep the module alive.
struct GuestBlueprint {
  std::shared_ptr<const engine::Module> module;
  std::vector<const engine::HostFunction*> imports;
  std::array<bool, slot_names.size()> present{};
  GuestLimits limits;
  SystemClock own_clock;
  SystemRandom own_random;
  GuestSystem system;
};

class GuestInstance final : public Guest {
 public:
  explicit GuestInstance(std::shared_ptr<GuestBlueprint> blueprint);

  /// Instantiates and initialises (contracts.md 1.3). Once, first.
  [[nodiscard]] Result<void> initialise(HostCalls& host);

  [[nodiscard]] Result<Bytes> call(std::string_view operation, ByteView payload, HostCalls& host,
                                   SteadyTime deadline) override;
  [[nodiscard]] bool usable() const noexcept override { return usable_; }
  void idle() noexcept override { instance_->idle(); }

 private:
  [[nodiscard]] Result<void> run_initialiser(Slot slot);
  [[nodiscard]] engine::CallResult enter(std::string_view operation, ByteView payload,
                                         HostCalls& host, SteadyTime deadline);
  [[nodiscard]] Result<Bytes> conclude(const engine::CallResult& ended);
  [[nodiscard]] Result<Bytes> answer(bool success);

  std::shared_ptr<GuestBlueprint> blueprint_;
  GuestState state_;
  std::unique_ptr<engine::Instance> instance_;
  bool usable_ = true;
  bool in_call_ = false;
};

}  // namespace trellis::wapc
