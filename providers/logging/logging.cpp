#include "providers/logging/logging.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "codec/messages/logging.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::logging {

namespace {

namespace messages = codec::logging;

/// Level by exactly these names, in lower case (contracts.md 3.5).
[[nodiscard]] std::optional<LogLevel> level_of(std::string_view name) {
  for (const auto level :
       {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug, LogLevel::trace}) {
    if (name == to_string(level)) return level;
  }
  return std::nullopt;
}

/// Link without anything: nothing is kept for an actor.
struct Link {};

class LoggingProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      "Trellis Logging",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_REBINDS};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view, const codec::StringMap&,
                                     const std::shared_ptr<Link>&) override {
    return std::make_shared<Link>();
  }

  Result<Bytes> handle(Link&, const Call& call) override {
    if (call.operation != messages::write_log) {
      return fail(ErrorCode::unsupported, fmt::format("Unknown operation: {}", call.operation));
    }
    auto args = codec::decode<messages::WriteLogArgs>(call.payload);
    if (!args) return pass(args);
    const auto level = level_of(args->level);
    // Target chooses filters of the log: one that is too long to be a name is none. The text is
    // made printable by the log.
    std::string_view target = args->target;
    if (target.size() > limits::name_bytes) target = {};
    // Logged first, whatever the level: the first-party provider loses the text (contracts.md 3.5).
    host().log(level.value_or(LogLevel::info), target,
               fmt::format("[{}] {}", call.actor, args->text));
    if (level) return Bytes{};
    return fail(ErrorCode::invalid_argument,
                fmt::format("Unknown log level: {}", excerpt(args->level)),
                "use error, warn, info, debug or trace");
  }
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<LoggingProvider>();
}

}  // namespace trellis::providers::logging
