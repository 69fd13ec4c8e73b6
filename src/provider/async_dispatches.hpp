// Asynchronous dispatches that have not ended yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/mutex.hpp"
#include "trellis/bytes.hpp"
#include "trellis/provider.h"
#include "trellis/result.hpp"

namespace trellis::provider {

/// Makes sure that a plugin's callback is called exactly once, and never after the plugin's
/// instance is gone, whatever the host does with its end. Kept by shared_ptr: those ends may
/// outlive the provider. Any thread.
class AsyncDispatches : public std::enable_shared_from_this<AsyncDispatches> {
 public:
  using End = std::function<void(Result<Bytes>)>;

  /// The end to hand to the dispatcher; nothing when too many are under way or after cancel_all().
  /// `done` may be null.
  [[nodiscard]] std::optional<End> begin(trellis_dispatch_done done, void* user);
  /// Ends all with TRELLIS_STOPPING, on this thread. Ends that come later are ignored.
  void cancel_all();
  /// Whether no dispatch is under way and no callback is running.
  [[nodiscard]] bool quiet() const;

  /// Calls the plugin's function; what it throws stays here.
  static void call(trellis_dispatch_done done, void* user, const Result<Bytes>& result) noexcept;

 private:
  struct Callback {
    trellis_dispatch_done done;
    void* user;
  };
  void end(std::uint64_t id, const Result<Bytes>& result);

  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, Callback> open_ GUARDED_BY(mutex_);
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
  std::size_t calling_ GUARDED_BY(mutex_) = 0;  ///< callbacks that run now
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::provider
