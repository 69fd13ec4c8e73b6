// Values or errors, for guests: built without exceptions.
#pragma once

#include <string>
#include <utility>

namespace trellis::guest {

/// Raw bytes, owned.
using Bytes = std::string;

/// Why something failed, for people.
struct Error {
  std::string text;
};

/// A value, or the error in its place. Look before you dereference: the value of a failed Result is
/// a default-made one.
template <class T>
class Result {
 public:
  Result(T value) : value_(std::move(value)), ok_(true) {}
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return ok_; }
  const T& operator*() const { return value_; }
  T& operator*() { return value_; }
  const T* operator->() const { return &value_; }
  T* operator->() { return &value_; }
  const Error& error() const { return error_; }

 private:
  T value_{};
  Error error_;
  bool ok_ = false;
};

/// For operations whose success has nothing to say.
struct Done {};

}  // namespace trellis::guest
