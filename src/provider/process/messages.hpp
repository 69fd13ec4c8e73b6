// Payloads of frames that carry more than bytes (frame.hpp); MessagePack like everything else.
#pragma once

#include <cstdint>
#include <string>

#include "codec/message.hpp"
#include "provider/provider.hpp"

namespace trellis::provider::process {

/// The answer to `describe`: what was loaded.
struct PluginDescription {
  std::string contract_id;
  std::string name;
  std::string vendor;
  std::string version;
  std::int32_t revision = 0;
  std::uint32_t flags = 0;  ///< TRELLIS_PROVIDER_…

  static constexpr auto describe() {
    return codec::describe_struct("PluginDescription",
                                  codec::field("contract_id", &PluginDescription::contract_id),
                                  codec::field("name", &PluginDescription::name),
                                  codec::field("vendor", &PluginDescription::vendor),
                                  codec::field("version", &PluginDescription::version),
                                  codec::field("revision", &PluginDescription::revision),
                                  codec::field("flags", &PluginDescription::flags));
  }
};

/// Of `create`.
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
