#include "providers/common/adapter.hpp"

#include <fmt/format.h>

#include <new>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::providers::detail {

using codec::core::CapabilityConfiguration;

Result<CapabilityConfiguration> read_configuration(const trellis_call_info& info) {
  if (as_text(from_view(info.origin)) != codec::core::system_actor) {
    return fail(ErrorCode::denied, "bad dispatch", "only the host makes and removes links");
  }
  auto configuration = codec::decode<CapabilityConfiguration>(from_view(info.payload));
  if (!configuration) return configuration;
  if (configuration->module.empty() || configuration->module.size() > limits::name_bytes) {
    return fail(
        ErrorCode::malformed,
        fmt::format("the actor key of a link has {} characters", configuration->module.size()),
        "link an actor by its 56-character public key");
  }
  return configuration;
}

std::unexpected<Error> not_linked(std::string_view actor) {
  return fail(ErrorCode::denied,
              fmt::format("actor {} is not linked to this provider", excerpt(actor)),
              "put a link definition between them");
}

Error current_exception_error() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::limit, "out of memory", {}};  // short enough to need none
  } catch (const std::exception& error) {
    try {
      return {ErrorCode::internal, fmt::format("internal error: {}", error.what()), {}};
    } catch (...) {
      return {ErrorCode::internal, "internal error", {}};
    }
  } catch (...) {
    return {ErrorCode::internal, "internal error", {}};
  }
}

}  // namespace trellis::providers::detail
