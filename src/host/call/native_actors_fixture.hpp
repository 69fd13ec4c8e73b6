// Actors without an engine, for tests of what is around them: guests are C++ (engine/null/).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actor/actor.hpp"
#include "engine/null/null_engine.hpp"
#include "engine/runtime.hpp"
#include "trellis/engine.hpp"
#include "wapc/guest.hpp"

namespace trellis::host {

/// Answers `Echo` with its payload. `Call` makes the host call that its payload names as
/// "binding|namespace|operation|payload" and hands on what comes back, an error as an error.
class NativeCaller final : public engine::NativeGuest {
 public:
  static engine::NativeModule module() {
    using engine::ExportKind;
    return {.name = "caller",
            .imports = {{"wapc", "__guest_request", "ii:"},
                        {"wapc", "__guest_response", "ii:"},
                        {"wapc", "__guest_error", "ii:"},
                        {"wapc", "__host_call", "iiiiiiii:i"},
                        {"wapc", "__host_response_len", ":i"},
                        {"wapc", "__host_response", "i:"},
                        {"wapc", "__host_error_len", ":i"},
                        {"wapc", "__host_error", "i:"}},
            .exports = {{"memory", ExportKind::memory, ""},
                        {"__guest_call", ExportKind::function, "ii:i"}},
            .make = [] { return std::make_unique<NativeCaller>(); }};
  }

  std::uint32_t run(std::string_view name, std::span<const std::uint32_t> arguments,
                    engine::NativeHost& host) override {
    if (name != "__guest_call") return 0;
    host.call(request, {operation_at, payload_at});
    const auto operation = text(host, operation_at, arguments[0]);
    if (operation != "Call") {
      host.call(response, {payload_at, arguments[1]});
      return 1;
    }
    return host_call(host, text(host, payload_at, arguments[1]));
  }

 private:
  enum Import : std::size_t {
    request,
    response,
    error,
    call,
    response_length,
    take_response,
    error_length,
    take_error
  };
  static constexpr std::uint32_t operation_at = 0;
  static constexpr std::uint32_t payload_at = 1024;
  static constexpr std::uint32_t words_at = 8192;
  static constexpr std::uint32_t answer_at = 16384;

  static std::string text(engine::NativeHost& host, std::uint32_t at, std::uint32_t size) {
    const auto* begin = host.memory().data() + at;
    return {begin, begin + size};
  }

  static std::uint32_t host_call(engine::NativeHost& host, const std::string& words) {
    std::vector<std::uint64_t> arguments;
    std::size_t from = 0;
    for (int word = 0; word < 4; ++word) {
      const auto end = std::min(words.find('|', from), words.size());
      std::copy(words.begin() + static_cast<std::ptrdiff_t>(from),
                words.begin() + static_cast<std::ptrdiff_t>(end),
                host.memory().begin() + words_at + static_cast<std::ptrdiff_t>(from));
      arguments.push_back(words_at + from);
      arguments.push_back(end - from);
      from = std::min(end + 1, words.size());
    }
    const bool good = host.call(call, arguments) != 0;
    const auto size = host.call(good ? response_length : error_length, {});
    host.call(good ? take_response : take_error, {answer_at});
    host.call(good ? response : error, {answer_at, size});
    return good ? 1 : 0;
  }
};

/// Makes actors with claims as a test likes them; nothing is signed or verified. One thread that
/// may enter guests.
class NativeActors {
 public:
  NativeActors()
      : runtime_(engine::make_null_runtime({NativeCaller::module()}, 100)),
        module_(wapc::GuestModule::compile(*runtime_, as_bytes("caller")).value()) {}

  [[nodiscard]] std::shared_ptr<actor::Actor> make(
      const std::string& key, std::optional<std::vector<std::string>> capabilities,
      std::optional<std::uint64_t> expires = std::nullopt) {
    actor::Parts parts;
    parts.id = ++last_id_;
    parts.identity.key = key;
    parts.identity.name = "native";
    parts.identity.capabilities = capabilities;
    parts.identity.expires = expires;
    parts.claims.sub = key;
    parts.claims.caps = std::move(capabilities);
    parts.claims.exp = expires;
    parts.module = module_;
    parts.pool = {.minimum = 1, .maximum = 4, .reserve = 2, .waiters = 4};
    parts.call_timeout = std::chrono::seconds(20);
    return actor::Actor::create(std::move(parts), graph_, {}).value();
  }

 private:
  std::shared_ptr<EngineRuntime> runtime_;
  std::shared_ptr<const wapc::GuestModule> module_;
  actor::WaitGraph graph_;
  EntityId last_id_ = 0;
};

}  // namespace trellis::host
