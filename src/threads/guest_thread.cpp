#include "threads/guest_thread.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/call_limits.hpp"

namespace trellis {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRELLIS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TRELLIS_SANITIZED 1
#endif
#endif

#ifdef TRELLIS_SANITIZED
constexpr std::size_t stack_bytes = 16 * limits::mib;  // instrumented frames are larger
#else
constexpr std::size_t stack_bytes = 8 * limits::mib;
#endif

// A property of the thread, read once: asking the system costs more than a guest call.
thread_local std::optional<StackBounds> bounds_of_this_thread;

/// Bounds of the calling thread's stack, from the system.
std::optional<StackBounds> ask_for_bounds() noexcept {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return std::nullopt;
  void* lowest = nullptr;
  std::size_t size = 0;
  const int failed = pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  if (failed != 0) return std::nullopt;
  const auto address = reinterpret_cast<std::uintptr_t>(lowest);
  return StackBounds{address, address + size};
}

struct Start {
  std::string name;
  std::function<void()> body;
};

/// First function of a thread: takes over what it is to run.
void* trampoline(void* raw) {
  const std::unique_ptr<Start> start(static_cast<Start*>(raw));
  pthread_setname_np(pthread_self(), start->name.c_str());
  // Bounds are asked for on the thread itself, before anything on it may enter a guest.
  bounds_of_this_thread = ask_for_bounds();
  start->body();
  return nullptr;
}

}  // namespace

std::optional<StackBounds> guest_stack() noexcept {
  return bounds_of_this_thread;
}

Result<GuestThread> GuestThread::start(std::string_view name, std::function<void()> body) {
  // Name is cut, because setting a longer one fails.
  auto start = std::make_unique<Start>(Start{std::string(name.substr(0, 15)), std::move(body)});
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, trampoline, start.get());
  pthread_attr_destroy(&attributes);
  if (failed != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot start thread '{}': {}", start->name, std::strerror(failed)),
                "raise the limit of processes (ulimit -u) or of memory");
  }
  static_cast<void>(start.release());  // the thread owns it now
  GuestThread made;
  made.thread_ = thread;
  return made;
}

GuestThread::GuestThread(GuestThread&& other) noexcept
    : thread_(std::exchange(other.thread_, std::nullopt)) {}

GuestThread& GuestThread::operator=(GuestThread&& other) noexcept {
  if (this == &other) return *this;
  join();
  thread_ = std::exchange(other.thread_, std::nullopt);
  return *this;
}

GuestThread::~GuestThread() {
  join();
}

void GuestThread::join() noexcept {
  if (!thread_) return;
  pthread_join(*thread_, nullptr);
  thread_.reset();
}

void GuestThread::detach() noexcept {
  if (!thread_) return;
  pthread_detach(*thread_);
  thread_.reset();
}

}  // namespace trellis
