// The types of the provider SDK for C++17: std::string for bytes, std::string_view for borrowed
// ones, and a Result of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "trellis/guest/result.hpp"
#include "trellis/provider.h"

namespace trellis::sdk {

/// Raw bytes, owned.
using Bytes = std::string;

/// Reason of a failure. Converts from the errors of trellis/guest/message.hpp.
struct Error {
  std::string text;                       ///< for people; what the caller sees when it is answered
  trellis_status status = TRELLIS_ERROR;  ///< how a dispatch ended; no matter in an answer

  Error() = default;
  explicit Error(std::string why, trellis_status how = TRELLIS_ERROR)
      : text(std::move(why)), status(how) {}
  Error(guest::Error error) : text(std::move(error.text)) {}
};

/// A value, or the error in its place. Test it before you dereference: a failed one has no value.
template <class T = void>
class Result {
 public:
  template <class U, class = std::enable_if_t<std::is_convertible_v<U&&, T> &&
                                              !std::is_same_v<std::decay_t<U>, Result>>>
  Result(U&& value) : value_(std::forward<U>(value)) {}
  Result(Error error) : error_(std::move(error)) {}
  Result(guest::Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return value_.has_value(); }
  const T& operator*() const& { return *value_; }
  T& operator*() & { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  const T* operator->() const { return &*value_; }
  T* operator->() { return &*value_; }
  const Error& error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

/// Success, or an error.
template <>
class Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  Result(guest::Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_.has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

/// What the classes of the SDK are made over (`Provider<Link, Cpp17>`, the default). Static
/// functions only; any thread.
struct Cpp17 {
  using Bytes = sdk::Bytes;
  using View = std::string_view;
  using Error = sdk::Error;
  using LogLevel = trellis_log_level;
  template <class T>
  using Result = sdk::Result<T>;

  static View view(const std::uint8_t* data, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(data), size};
  }
  static trellis_view abi_view(View bytes) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  }
  static std::string_view text(const Error& error) noexcept { return error.text; }
  /// What a Result is made from when the host said `status`, which is not TRELLIS_OK.
  static Error failure(trellis_status status, std::string text) {
    return Error{std::move(text), status};
  }
  /// The same when the host has no thread for the provider.
  static Error no_thread() { return Error{"the host has no thread for the provider"}; }
  /// Nothing for a level at which nothing is written.
  static std::optional<trellis_log_level> abi_level(LogLevel level) noexcept { return level; }
};

}  // namespace trellis::sdk
