// Which provider calls the current thread is inside, innermost first.
#pragma once

#include <string_view>

#include "trellis/provider.h"

namespace trellis::provider {

/// Put around handle_call. A dispatch made by the same thread for the same call belongs to the
/// caller's stack and keeps its chain id (base/call_context.hpp). Nests. One thread.
class CurrentCall {
 public:
  /// `origin` is borrowed while this lives.
  CurrentCall(const void* instance, trellis_call number, std::string_view origin) noexcept;
  ~CurrentCall();
  CurrentCall(const CurrentCall&) = delete;
  CurrentCall& operator=(const CurrentCall&) = delete;

  /// The caller of the innermost call of `instance` on this thread; empty outside of its calls.
  [[nodiscard]] static std::string_view origin_in(const void* instance) noexcept;
  [[nodiscard]] static bool is_inside(const void* instance, trellis_call number) noexcept;

 private:
  const void* instance_;
  trellis_call number_;
  std::string_view origin_;
  const CurrentCall* outer_;
};

}  // namespace trellis::provider
