#include "threads/blocking.hpp"

namespace trellis {
namespace {
// A property of the thread, like its stack bounds: who else depends on it.
thread_local BlockingHooks* current_hooks = nullptr;
}  // namespace

ThreadBlockingHooks::ThreadBlockingHooks(BlockingHooks* hooks) noexcept {
  current_hooks = hooks;
}
ThreadBlockingHooks::~ThreadBlockingHooks() {
  current_hooks = nullptr;
}

BlockingScope::BlockingScope() noexcept {
  if (current_hooks == nullptr) return;
  if (!current_hooks->before_block()) {
    allowed_ = false;
    return;
  }
  // Hooks are taken away meanwhile, so that waits inside of this one are not announced again.
  hooks_ = current_hooks;
  current_hooks = nullptr;
}

BlockingScope::~BlockingScope() {
  if (hooks_ == nullptr) return;
  current_hooks = hooks_;
  hooks_->after_block();
}

}  // namespace trellis
