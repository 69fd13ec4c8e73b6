// Payloads of frames that carry more than bytes (frame.hpp); MessagePack like everything else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/message.hpp"
#include "provider/provider.hpp"

namespace trellis::provider::process {

/// A link value that is for the operator to set.
struct LocalValueDescription {
  std::string name;
  std::uint32_t kind = 0;  ///< trellis_local_kind

  static constexpr auto describe() {
    return codec::describe_struct("LocalValueDescription",
                                  codec::field("name", &LocalValueDescription::name),
                                  codec::field("kind", &LocalValueDescription::kind));
  }
};

/// The answer to `describe`: what was loaded.
struct PluginDescription {
  std::string contract_id;
  std::string name;
  std::string vendor;
  std::string version;
  std::int32_t revision = 0;
  std::uint32_t flags = 0;  ///< TRELLIS_PROVIDER_…
  std::vector<LocalValueDescription> local_values;

  static constexpr auto describe() {
    return codec::describe_struct("PluginDescription",
                                  codec::field("contract_id", &PluginDescription::contract_id),
                                  codec::field("name", &PluginDescription::name),
                                  codec::field("vendor", &PluginDescription::vendor),
                                  codec::field("version", &PluginDescription::version),
                                  codec::field("revision", &PluginDescription::revision),
                                  codec::field("flags", &PluginDescription::flags),
                                  codec::field("local_values", &PluginDescription::local_values));
  }
};

/// Payload of `create`.
struct CreateOptions {
  std::uint64_t response_bytes = 0;
  std::uint64_t dispatch_timeout_ms = 0;

  static constexpr auto describe() {
    return codec::describe_struct(
        "CreateOptions", codec::field("response_bytes", &CreateOptions::response_bytes),
        codec::field("dispatch_timeout_ms", &CreateOptions::dispatch_timeout_ms));
  }
};

}  // namespace trellis::provider::process
