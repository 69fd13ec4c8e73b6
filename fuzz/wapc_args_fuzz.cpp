// A native guest that calls every import with arguments of the fuzzer's choice. Whatever it does
// must stay within its memory, its allowances and its time.
//
// Input: a byte picks an import, then each of its parameters takes a byte that says which kind of
// number follows (small, near the end of memory, near the end of 32 bits, or four bytes as they
// are). Memory begins with the input itself.
#include <chrono>
#include <string>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "engine/null/null_engine.hpp"
#include "expect.hpp"
#include "threads/guest_thread.hpp"
#include "wapc/guest.hpp"
#include "wapc/imports.hpp"

using namespace trellis;

namespace {

constexpr std::size_t memory_bytes = 65536;
constexpr wapc::GuestLimits caps{.payload_bytes = 100'000, .error_bytes = 50, .log_bytes = 1000};

class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const noexcept { return at_ >= bytes_.size(); }
  std::uint8_t byte() noexcept { return empty() ? 0 : bytes_[at_++]; }
  std::uint64_t number() noexcept {
    const std::uint8_t kind = byte();
    switch (kind % 4) {
      case 0: return byte();
      case 1: return memory_bytes - 32 + byte() % 64;
      case 2: return 0xffffffffU - byte() % 64;
      default: break;
    }
    std::uint64_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

const std::vector<engine::Import>& all_imports() {
  static const auto made = [] {
    std::vector<engine::Import> imports;
    const auto add = [&](std::string_view module, std::span<const engine::HostFunction> functions) {
      for (const auto& one : functions) {
        imports.push_back({std::string(module), std::string(one.name), std::string(one.signature)});
      }
    };
    add("wapc", wapc::wapc_functions());
    add("wasi_snapshot_preview1", wapc::wasi_functions(false));
    add("wasi_unstable", wapc::wasi_functions(true));
    add("env", wapc::env_functions());
    return imports;
  }();
  return made;
}

class WildGuest final : public engine::NativeGuest {
 public:
  std::uint32_t run(std::string_view, std::span<const std::uint32_t> arguments,
                    engine::NativeHost& host) override {
    const auto& imports = all_imports();
    host.call(0, {0, 0});  // the payload, over the operation
    const Bytes program(host.memory().begin(), host.memory().begin() + arguments[1]);
    Input input(program);
    while (!input.empty()) {
      const std::size_t index = input.byte() % imports.size();
      std::vector<std::uint64_t> values;
      for (const char type : imports[index].signature) {
        if (type == ':') break;
        values.push_back(input.number());
      }
      host.call(index, values);
    }
    return 1;
  }
};

class StrictHost final : public wapc::HostCalls {
 public:
  Result<Bytes> host_call(std::string_view binding, std::string_view ns, std::string_view operation,
                          ByteView payload) override {
    for (const auto name : {binding, ns, operation}) {
      expect(is_utf8(name) && name.size() <= limits::name_bytes);
    }
    expect(payload.size() <= caps.payload_bytes);
    if (++calls_ % 2 == 0) return fail(ErrorCode::denied, "denied");
    return to_bytes(payload);
  }
  void console_log(std::string_view text) noexcept override {
    expect(is_utf8(text));
    logged_ += text.size();
    expect(logged_ <= 3 * caps.log_bytes + 200);  // each bad byte may become three
  }
  int calls_ = 0;
  std::size_t logged_ = 0;
};

class FixedClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return {}; }
  WallTime wall() const noexcept override { return {}; }
};

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    for (auto& byte : out) byte = 0x5a;
  }
};

/// Made once; the functions run in every input.
const wapc::GuestModule& module_under_test() {
  using engine::ExportKind;
  static const FixedClock clock;
  static FixedRandom random;
  static const auto runtime =
      engine::make_null_runtime({{.name = "wild",
                                  .imports = all_imports(),
                                  .exports = {{"memory", ExportKind::memory, ""},
                                              {"__guest_call", ExportKind::function, "ii:i"}},
                                  .memory_bytes = memory_bytes,
                                  .make = [] { return std::make_unique<WildGuest>(); }}});
  static const auto module =
      wapc::GuestModule::compile(*runtime, as_bytes("wild"), caps, {&clock, &random}).value();
  return *module;
}

void run(ByteView input) {
  StrictHost host;
  auto guest = module_under_test().instantiate(host).value();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  const auto outcome = guest->call("wild", input, host, deadline);
  if (outcome) {
    expect(guest->usable() && outcome->size() <= caps.payload_bytes);
  } else {
    expect(is_utf8(outcome.error().message) && outcome.error().message.size() < 8000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto thread = GuestThread::start("fuzz", [&] { run({data, size}); });
  expect(thread.has_value());
  return 0;
}
