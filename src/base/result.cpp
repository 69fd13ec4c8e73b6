#include "trellis/result.hpp"

namespace trellis {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::denied: return "denied";
    case ErrorCode::busy: return "busy";
    case ErrorCode::deadline: return "deadline";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::limit: return "limit";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::guest_failed: return "guest_failed";
    case ErrorCode::provider_failed: return "provider_failed";
    case ErrorCode::not_started: return "not_started";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

}  // namespace trellis
