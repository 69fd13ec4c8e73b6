// Announces waits: a thread that also has other duties (an I/O thread of a server) can hand them
// to a spare before the host blocks it (docs/threads.md).
#pragma once

namespace trellis {

/// Told to a thread's owner around waits on that thread. Called on that thread only.
class BlockingHooks {
 public:
  virtual ~BlockingHooks() = default;
  /// False refuses the wait: the caller fails with ErrorCode::busy instead.
  virtual bool before_block() noexcept = 0;
  virtual void after_block() noexcept = 0;
};

/// Installs hooks for the current thread while it lives. Does not nest.
class ThreadBlockingHooks {
 public:
  explicit ThreadBlockingHooks(BlockingHooks* hooks) noexcept;
  ~ThreadBlockingHooks();
  ThreadBlockingHooks(const ThreadBlockingHooks&) = delete;
  ThreadBlockingHooks& operator=(const ThreadBlockingHooks&) = delete;
};

/// Put around every wait that can last: pool, executor, network. Waits inside an announced wait
/// are not announced again. `allowed()` false means: do not wait, answer busy.
class BlockingScope {
 public:
  BlockingScope() noexcept;
  ~BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;
  [[nodiscard]] bool allowed() const noexcept { return allowed_; }

 private:
  BlockingHooks* hooks_ = nullptr;
  bool allowed_ = true;
};

}  // namespace trellis
