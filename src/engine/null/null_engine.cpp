#include "engine/null/null_engine.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "base/guard.hpp"
#include "engine/runtime.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::engine {
namespace {

/// Thrown through a native guest to end it; caught where it was entered.
struct Ended {};

struct SharedNative {
  std::shared_ptr<RuntimeParts> parts;
  NativeModule module;
};

/// Instance of a native guest, and the host it sees. One call at a time.
class NullInstance final : public Instance, private NativeHost {
 public:
  NullInstance(std::shared_ptr<const SharedNative> shared, InstanceSlot slot,
               const InstantiateOptions& options)
      : shared_(std::move(shared)),
        slot_(std::move(slot)),
        imports_(options.imports.begin(), options.imports.end()),
        functions_(options.functions.begin(), options.functions.end()),
        context_(options.context),
        watch_(*this),
        memory_(shared_->module.memory_bytes),
        guest_(shared_->module.make()) {}

  CallResult call(std::size_t slot, std::span<const std::uint32_t> arguments,
                  SteadyTime deadline) override {
    CallResult outcome;
    // Refused as V8's instances do, so that tests meet the same rules.
    if (!guest_stack() || outcome_ != nullptr) {
      outcome.end = CallEnd::refused;
      outcome.text = outcome_ != nullptr ? "the instance is already executing a call"
                                         : "guests can be entered from a GuestThread only";
      return outcome;
    }
    // Imports put the end of a call where outcome_ points.
    const Restore under_way(outcome_, &outcome);
    interrupted_.store(false, std::memory_order_relaxed);
    Watchdog& watchdog = shared_->parts->watchdog;
    watchdog.arm(watch_, deadline);
    try {
      outcome.value = guest_->run(functions_[slot], arguments, *this);
    } catch (const Ended&) {
      if (outcome.end == CallEnd::returned) outcome.end = CallEnd::interrupted;
    } catch (const std::bad_alloc&) {
      outcome = {.end = CallEnd::exhausted, .text = out_of_memory().error().message};
    }
    // Watchdog is asked last: an interrupt counts whatever the guest has made of it.
    if (watchdog.disarm(watch_)) outcome = {.end = CallEnd::interrupted};
    return outcome;
  }

  void idle() noexcept override {}
  void interrupt() noexcept override { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  class ImportCall final : public HostCall {
   public:
    ImportCall(NullInstance& instance, std::span<const std::uint64_t> arguments)
        : HostCall(*instance.outcome_, instance.context_), instance_(instance) {
      std::ranges::copy(arguments.first(std::min(arguments.size(), max_arguments)),
                        arguments_.begin());
    }
    GuestMemory memory() noexcept override {
      return {instance_.memory_.data(), instance_.memory_.size()};
    }
    [[nodiscard]] std::uint32_t finish() const {
      // Thrown through the frames of the guest, which cannot be ended in another way.
      if (ended()) throw Ended{};
      return result_;
    }

   private:
    NullInstance& instance_;
  };

  std::uint32_t call(std::size_t index, std::span<const std::uint64_t> arguments) override {
    check();
    ImportCall made(*this, arguments);
    // Exceptions of host functions mean that there was no memory (HostFunction::run).
    try {
      imports_.at(index)->run(made);
    } catch (...) {
      made.exhaust();
    }
    return made.finish();
  }

  void trap(std::string_view text) override {
    ImportCall made(*this, {});
    made.trap(text);
    throw Ended{};
  }

  void check() override {
    if (interrupted_.load(std::memory_order_relaxed)) throw Ended{};
  }

  std::vector<std::uint8_t>& memory() noexcept override { return memory_; }

  std::shared_ptr<const SharedNative> shared_;
  InstanceSlot slot_;
  std::vector<const HostFunction*> imports_;
  std::vector<std::string> functions_;
  void* context_;
  Watchdog::Entry watch_;
  std::atomic<bool> interrupted_ = false;
  CallResult* outcome_ = nullptr;
  std::vector<std::uint8_t> memory_;
  std::unique_ptr<NativeGuest> guest_;
};

/// Module that is a description of a native guest. Immutable; any thread.
class NullModule final : public Module {
 public:
  explicit NullModule(SharedNative shared)
      : shared_(std::make_shared<const SharedNative>(std::move(shared))) {}

  [[nodiscard]] std::span<const Import> imports() const noexcept override {
    return shared_->module.imports;
  }
  [[nodiscard]] std::span<const Export> exports() const noexcept override {
    return shared_->module.exports;
  }
  [[nodiscard]] Result<std::unique_ptr<Instance>> instantiate(
      const InstantiateOptions& options) const override {
    if (!guest_stack()) {
      return fail(ErrorCode::invalid_argument, "guests can be entered from a GuestThread only");
    }
    auto slot = InstanceSlot::take(shared_->parts);
    if (!slot) return pass(slot);
    return std::make_unique<NullInstance>(shared_, std::move(*slot), options);
  }

 private:
  std::shared_ptr<const SharedNative> shared_;
};

/// Engine that knows its modules by name. Any thread.
class NullEngine final : public Engine {
 public:
  NullEngine(RuntimeParts& parts, std::vector<NativeModule> modules)
      : parts_(parts), modules_(std::move(modules)) {}

  Result<std::shared_ptr<const Module>> compile(ByteView module, const CompileLimits&) override {
    const auto found = std::ranges::find(modules_, as_text(module), &NativeModule::name);
    if (found == modules_.end()) {
      return fail(ErrorCode::malformed, "no native guest has this name");
    }
    return std::make_shared<NullModule>(SharedNative{parts_.shared_from_this(), *found});
  }

 private:
  RuntimeParts& parts_;
  std::vector<NativeModule> modules_;
};

}  // namespace

std::shared_ptr<EngineRuntime> make_null_runtime(std::vector<NativeModule> modules,
                                                 std::size_t max_instances) {
  auto parts = std::make_shared<RuntimeParts>(max_instances);
  parts->engine = std::make_unique<NullEngine>(*parts, std::move(modules));
  return engine::RuntimeAccess::wrap(std::move(parts));
}

}  // namespace trellis::engine
