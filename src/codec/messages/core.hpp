// Messages between host, actors and providers: contracts.md 2.2 to 2.4.
#pragma once

#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::core {

/// Origin of calls that the host itself makes.
inline constexpr std::string_view system_actor = "system";

namespace operation {
inline constexpr std::string_view bind_actor = "BindActor";
inline constexpr std::string_view remove_actor = "RemoveActor";
inline constexpr std::string_view health_request = "HealthRequest";
}  // namespace operation

/// Keys the host adds to the values of every BindActor, over those of a user.
namespace hidden_value {
inline constexpr std::string_view issuer = "__wasmcloud_issuer";
inline constexpr std::string_view capabilities = "__wasmcloud_capabilities";
inline constexpr std::string_view name = "__wasmcloud_name";
inline constexpr std::string_view expires = "__wasmcloud_expires";
inline constexpr std::string_view tags = "__wasmcloud_tags";
/// Our own, there only when the host's lattice has configured ones: subjects of its cache, comma-
/// separated, which no provider may let an actor reach.
inline constexpr std::string_view reserved_subjects = "__trellis_reserved_subjects";
}  // namespace hidden_value

struct HealthRequest {
  bool placeholder = true;

  static constexpr auto describe() {
    return describe_struct("HealthCheckRequest", field("placeholder", &HealthRequest::placeholder));
  }
};

struct HealthResponse {
  bool healthy = false;
  std::string message;

  static constexpr auto describe() {
    return describe_struct("HealthCheckResponse", field("healthy", &HealthResponse::healthy),
                           field("message", &HealthResponse::message));
  }
};

/// Payload of BindActor (values of the link and the hidden ones) and RemoveActor (no values).
struct CapabilityConfiguration {
  std::string module;  ///< public key of the actor
  StringMap values;

  static constexpr auto describe() {
    return describe_struct("CapabilityConfiguration",
                           field("module", &CapabilityConfiguration::module),
                           field("values", &CapabilityConfiguration::values).or_default());
  }
};

}  // namespace trellis::codec::core
