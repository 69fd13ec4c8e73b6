// Guards that keep a failed allocation the failure of one call: state around calls that is put back
// however they end, and the error value for whoever asked.
#pragma once

#include <chrono>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "trellis/result.hpp"

namespace trellis {

/// Sets a value for the length of a scope and puts the old one back, also when the scope is left by
/// an exception. One thread.
template <class T>
class Restore {
 public:
  Restore(T& place, T value) noexcept : place_(place), before_(std::exchange(place, value)) {}
  ~Restore() { place_ = before_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& place_;
  const T before_;
};

/// Short enough to need no memory itself.
[[nodiscard]] inline std::unexpected<Error> out_of_memory() noexcept {
  return std::unexpected(Error{ErrorCode::limit, "out of memory", {}});
}

/// Runs what one caller asked for. What is thrown becomes that caller's error; nothing else of the
/// host notices. `Body` returns a Result.
template <class Body>
[[nodiscard]] auto contained(Body&& body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& problem) {
    try {
      return fail(ErrorCode::internal, problem.what());
    } catch (...) {
      return out_of_memory();
    }
  } catch (...) {
    return out_of_memory();
  }
}

/// Runs a piece of work at the root of a thread. False when it threw: that piece is lost, the
/// thread and whatever else it serves go on.
template <class Body>
bool survived(Body&& body) noexcept {
  try {
    body();
    return true;
  } catch (...) {
    return false;
  }
}

/// Guard of a loop that must not end before it wants to: begins it again, after a pause in
/// which memory may come free.
template <class Body>
void persevere(Body&& body) noexcept {
  constexpr std::chrono::milliseconds pause{100};
  while (!survived(body)) std::this_thread::sleep_for(pause);
}

}  // namespace trellis
