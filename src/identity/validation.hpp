// Worth of a well-formed token right now (identity.md 2.5).
#pragma once

#include <string>

#include "identity/claims.hpp"
#include "trellis/clock.hpp"

namespace trellis::identity {

/// All checks are made; none hides another.
struct Validation {
  bool signature_valid = false;
  bool expired = false;
  bool cannot_use_yet = false;
  std::string expires_human;     ///< "never", "in 3 days", "8 hours ago"
  std::string not_before_human;  ///< "immediately" or the like of the above

  [[nodiscard]] bool usable() const noexcept {
    return signature_valid && !expired && !cannot_use_yet;
  }
};

/// Later than the start of second `exp`; never without one. No leeway, sub-second resolution.
[[nodiscard]] bool is_expired(const Envelope& claims, WallTime now) noexcept;
/// Earlier than the start of second `nbf`; never without one.
[[nodiscard]] bool is_too_early(const Envelope& claims, WallTime now) noexcept;

[[nodiscard]] std::string expires_text(const Envelope& claims, WallTime now);
[[nodiscard]] std::string not_before_text(const Envelope& claims, WallTime now);

/// Costs one signature check (about 40 µs).
template <class Claims>
[[nodiscard]] Validation validate(const DecodedToken<Claims>& token, WallTime now) {
  return {token.signature_valid(), is_expired(token.claims, now), is_too_early(token.claims, now),
          expires_text(token.claims, now), not_before_text(token.claims, now)};
}

/// "in 16 minutes", "8 hours ago", "now": the distance from `now` to the start of a second since
/// 1970, in words. Any value works, no calendar is involved.
[[nodiscard]] std::string relative_text(std::uint64_t second, WallTime now);

}  // namespace trellis::identity
