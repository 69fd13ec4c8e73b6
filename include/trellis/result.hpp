// Value errors: every function that can fail for an outside reason returns Result<T>.
// No exception crosses a module boundary (docs/architecture.md, "Errors").
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace trellis {

/// Why something failed, for programs. Texts are for people and for the wire.
enum class ErrorCode {
  invalid_argument,  ///< the caller passed something that can never work
  malformed,         ///< outside bytes or text do not parse
  unsupported,       ///< well-formed, but this host cannot do it
  not_found,
  already_exists,
  denied,        ///< claims, policy or authorizer said no
  busy,          ///< a bounded queue or pool is full; trying again later can work
  deadline,      ///< the time allowed ran out
  cancelled,     ///< the host or the entity is stopping
  limit,         ///< a configured or built-in bound was exceeded
  unavailable,   ///< a resource outside (port, file, server) cannot be had now
  guest_failed,  ///< the guest answered with an error of its own, or trapped
  provider_failed,
  not_started,
  internal,  ///< a defect of ours
};

/// Lower-case name of a code, stable for JSON output ("already_exists").
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// What went wrong, and what a person can do about it.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  ///< what was wrong and where; goes to callers and onto the wire as it is
  std::string remedy;   ///< what to do; shown by CLI and log only, may be empty

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// Makes the error side of any Result: `return fail(ErrorCode::malformed, "…", "…");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::string remedy = {}) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(remedy)});
}

/// Hands an error on unchanged: `if (!r) return pass(r);`
template <class T>
[[nodiscard]] std::unexpected<Error> pass(Result<T>& failed) {
  return std::unexpected<Error>(std::move(failed.error()));
}
template <class T>
[[nodiscard]] std::unexpected<Error> pass(const Result<T>& failed) {
  return std::unexpected<Error>(failed.error());
}
template <class T>
[[nodiscard]] std::unexpected<Error> pass(Result<T>&& failed) {
  return std::unexpected<Error>(std::move(failed.error()));
}

}  // namespace trellis
