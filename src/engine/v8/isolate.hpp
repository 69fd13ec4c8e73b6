// An isolate of our settings, and the scopes every entry into it needs.
#pragma once

#include <v8.h>

#include <atomic>
#include <cstdint>

#include "engine/guest_space.hpp"
#include "engine/v8/v8_process.hpp"

namespace trellis::engine {

/// Owns an isolate. Creating one never fails as a value (V8 ends the process): callers hold a place
/// in the instance budget and have looked at the address space first. Destroy outside of entries.
class IsolateHolder {
 public:
  explicit IsolateHolder(const V8Process& process);
  ~IsolateHolder();
  IsolateHolder(const IsolateHolder&) = delete;
  IsolateHolder& operator=(const IsolateHolder&) = delete;

  [[nodiscard]] v8::Isolate* get() const noexcept { return isolate_; }
  /// The engine's heap of this isolate ran full; execution was terminated.
  [[nodiscard]] bool heap_exhausted() const noexcept { return heap_exhausted_; }
  /// Runs waiting foreground tasks, a few at most. Only while entered.
  void pump() noexcept;

 private:
  static std::size_t near_heap_limit(void* self, std::size_t current, std::size_t initial);

  const V8Process& process_;
  v8::Isolate* isolate_;
  bool heap_exhausted_ = false;  ///< written and read by the thread that is inside
};

/// Native stack left below this frame that V8 may use for one entry, and what must stay for us.
inline constexpr std::uintptr_t stack_per_entry = 512 * 1024;
inline constexpr std::uintptr_t stack_reserve = 256 * 1024;

/// Locks and enters an isolate on this thread. Locker gives each isolate a fresh stack budget from
/// wherever it is taken, hence the limit set after it, every time (docs/decisions.md).
class IsolateEntry {
 public:
  /// `lowest` is the lowest stack address of a GuestThread, 0 on other threads.
  IsolateEntry(v8::Isolate* isolate, std::uintptr_t lowest)
      : locker_(isolate), isolate_scope_(isolate), handles_(isolate) {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const auto own = here - stack_per_entry;
    const auto floor = lowest + stack_reserve;
    isolate->SetStackLimit(own > floor ? own : floor);
  }

 private:
  v8::Locker locker_;
  v8::Isolate::Scope isolate_scope_;
  v8::HandleScope handles_;
};

/// Text for V8, whose strings are values of an isolate. Requires an entered isolate.
[[nodiscard]] v8::Local<v8::String> v8_string(v8::Isolate* isolate, std::string_view text);
[[nodiscard]] std::string to_text(v8::Isolate* isolate, v8::Local<v8::Value> value);

}  // namespace trellis::engine
