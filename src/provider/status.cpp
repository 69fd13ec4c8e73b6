// Statuses and texts that cross the C ABI, both ways; what comes from a plugin is checked, not
// believed.
#include "provider/status.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::provider {

trellis_status to_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::busy: return TRELLIS_BUSY;
    case ErrorCode::deadline: return TRELLIS_DEADLINE;
    case ErrorCode::denied: return TRELLIS_DENIED;
    case ErrorCode::cancelled: return TRELLIS_STOPPING;
    default: return TRELLIS_ERROR;
  }
}

ErrorCode to_error_code(trellis_status status) noexcept {
  switch (status) {
    case TRELLIS_BUSY: return ErrorCode::busy;
    case TRELLIS_DEADLINE: return ErrorCode::deadline;
    case TRELLIS_DENIED: return ErrorCode::denied;
    case TRELLIS_STOPPING: return ErrorCode::cancelled;
    default: return ErrorCode::provider_failed;
  }
}

bool is_readable(const trellis_view& view) noexcept {
  return view.data != nullptr || view.size == 0;
}

std::string_view to_text(const trellis_view& view) noexcept {
  return as_text(to_byte_view(view));
}

ByteView to_byte_view(const trellis_view& view) noexcept {
  return {view.data, view.size};
}

trellis_view to_view(ByteView bytes) noexcept {
  return {bytes.data(), bytes.size()};
}

trellis_view to_view(std::string_view text) noexcept {
  return to_view(as_bytes(text));
}

Result<std::string_view> checked_name(const trellis_view& view, std::string_view what) {
  if (view.data == nullptr || view.size == 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("the {} is empty", what));
  }
  if (view.size > limits::name_bytes) {
    return fail(ErrorCode::invalid_argument, fmt::format("the {} has {} bytes; {} are allowed",
                                                         what, view.size, limits::name_bytes));
  }
  const auto text = to_text(view);
  if (!is_utf8(text)) {
    return fail(ErrorCode::invalid_argument, fmt::format("the {} is not UTF-8", what));
  }
  return text;
}

Result<void> check_call_sizes(std::string_view origin, std::string_view operation,
                              ByteView payload) {
  if (origin.size() > limits::name_bytes || operation.size() > limits::name_bytes) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("origin and operation of a call have at most {} bytes", limits::name_bytes));
  }
  if (payload.size() > limits::payload_bytes) {
    return fail(ErrorCode::limit, fmt::format("the payload has {} bytes; {} are allowed",
                                              payload.size(), limits::payload_bytes));
  }
  return {};
}

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  // Cut is made before a character, not inside one.
  if (text.size() > max_bytes) {
    auto end = max_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  return is_utf8(text) ? std::string(text) : replace_bad_utf8(text);
}

}  // namespace trellis::provider
