#include "provider/async_dispatches.hpp"

#include <string>
#include <utility>

#include "base/limits.hpp"
#include "provider/status.hpp"

namespace trellis::provider {

std::optional<AsyncDispatches::End> AsyncDispatches::begin(trellis_dispatch_done done, void* user) {
  const MutexLock lock(mutex_);
  // Bounded per instance: a plugin could start dispatches faster than actors answer.
  if (closed_ || open_.size() >= limits::provider_async_dispatches) return std::nullopt;
  const auto id = ++last_;
  open_.emplace(id, Callback{done, user});
  // End is by number: the answer may come after cancel_all(), or twice, and then finds nothing.
  return [self = shared_from_this(), id](const Result<Bytes>& result) { self->end(id, result); };
}

void AsyncDispatches::end(std::uint64_t id, const Result<Bytes>& result) {
  MutexLock lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  const auto callback = found->second;
  open_.erase(found);
  // Counted while the plugin's callback runs: until it has returned, the plugin must not be
  // destroyed.
  ++calling_;
  lock.unlock();
  call(callback.done, callback.user, result);
  lock.lock();
  --calling_;
}

void AsyncDispatches::cancel_all() {
  std::unordered_map<std::uint64_t, Callback> open;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    open.swap(open_);
  }
  // Callbacks are made without the lock; a plugin may dispatch again in one, and is refused.
  const Result<Bytes> stopping = fail(ErrorCode::cancelled, "provider is stopping");
  for (const auto& [id, callback] : open) call(callback.done, callback.user, stopping);
}

bool AsyncDispatches::quiet() const {
  const MutexLock lock(mutex_);
  return open_.empty() && calling_ == 0;
}

void AsyncDispatches::call(trellis_dispatch_done done, void* user,
                           const Result<Bytes>& result) noexcept {
  if (done == nullptr) return;
  try {
    if (result) return done(user, TRELLIS_OK, to_view(ByteView(*result)));
    const auto text = clean_text(result.error().message, limits::provider_text_bytes);
    done(user, to_status(result.error().code), to_view(std::string_view(text)));
    // NOLINTNEXTLINE(bugprone-empty-catch): a callback must not throw; there is nobody to tell
  } catch (...) {
  }
}

}  // namespace trellis::provider
