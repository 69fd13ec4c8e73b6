// Threads that may enter guests: a stack of a size we chose and whose bounds we know. V8 grants
// every entry a stack budget of its own, so nested guests would run an unknown stack out
// (docs/decisions.md).
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis {

/// Native stack of the current thread; it grows from `highest` down to `lowest`.
struct StackBounds {
  std::uintptr_t lowest = 0;
  std::uintptr_t highest = 0;
};

/// Bounds of the current thread if it is a GuestThread, else nothing. Costs a thread-local read.
[[nodiscard]] std::optional<StackBounds> guest_stack() noexcept;

/// A thread like std::thread, which joins in its destructor. Owned by one thread at a time.
class GuestThread {
 public:
  GuestThread() noexcept = default;
  /// Starts `body`; it must not throw. `name` is cut to 15 characters (ps, gdb). Fails with
  /// unavailable when the system gives no thread.
  [[nodiscard]] static Result<GuestThread> start(std::string_view name, std::function<void()> body);

  GuestThread(GuestThread&& other) noexcept;
  GuestThread& operator=(GuestThread&& other) noexcept;  ///< joins the thread held before
  ~GuestThread();

  [[nodiscard]] bool joinable() const noexcept { return thread_.has_value(); }
  void join() noexcept;    ///< nothing when not joinable
  void detach() noexcept;  ///< it goes on alone and gives its stack back when it ends

 private:
  std::optional<pthread_t> thread_;
};

}  // namespace trellis
