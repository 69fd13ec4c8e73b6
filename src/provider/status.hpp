// Between the C ABI's statuses and ours, and checked readings of what a plugin passes.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/provider.h"
#include "trellis/result.hpp"

namespace trellis::provider {

/// Status that a provider is told for a failure: busy, deadline, denied and cancelled have ones of
/// their own, everything else is TRELLIS_ERROR.
[[nodiscard]] trellis_status to_status(ErrorCode code) noexcept;
/// The reverse for a status other than TRELLIS_OK; TRELLIS_ERROR is provider_failed. Nothing about
/// unknown values: check with is_status first.
[[nodiscard]] ErrorCode to_error_code(trellis_status status) noexcept;
/// Number that a plugin really passed where an enumeration stands: in C any int fits, and reading a
/// foreign value as the enumeration is undefined in C++.
template <class Enum>
[[nodiscard]] unsigned raw_value(const Enum& value) noexcept {
  static_assert(sizeof value == sizeof(unsigned));
  unsigned raw = 0;
  std::memcpy(&raw, &value, sizeof raw);
  return raw;
}
/// Whether the raw value is one of the enumeration.
[[nodiscard]] inline bool is_status(unsigned raw) noexcept {
  return raw <= TRELLIS_DENIED;
}

/// Whether the view can be read: data is not null, or there is nothing to read.
[[nodiscard]] bool is_readable(const trellis_view& view) noexcept;
/// The view as text; requires is_readable.
[[nodiscard]] std::string_view to_text(const trellis_view& view) noexcept;
[[nodiscard]] ByteView to_byte_view(const trellis_view& view) noexcept;
[[nodiscard]] trellis_view to_view(ByteView bytes) noexcept;
[[nodiscard]] trellis_view to_view(std::string_view text) noexcept;

/// A name a plugin passed (actor, operation): readable, 1 to limits::name_bytes bytes, UTF-8.
/// `what` names it in the error.
[[nodiscard]] Result<std::string_view> checked_name(const trellis_view& view,
                                                    std::string_view what);

/// Whether a call's parts are within the bounds of the ABI.
[[nodiscard]] Result<void> check_call_sizes(std::string_view origin, std::string_view operation,
                                            ByteView payload);

/// Text from a plugin made fit for logs and callers: cut at `max_bytes` on a character boundary,
/// bad sequences replaced.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

}  // namespace trellis::provider
